// Real-time telephony media-stream load generator (epoll, one thread, no dependencies).
// Opens N WebSocket calls to ws://127.0.0.1:PORT/PATH, sends start events, then one media message
// per call every 20 ms (phases spread evenly over the 20 ms), reads whatever media comes back, and
// measures per-call lateness by audio position: the k-th 20 ms of audio returned is matched with
// the k-th 20 ms sent (so chunk sizes need not match). Loopback only.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
typedef uint64_t u64;
typedef int64_t i64;
static inline u64 now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
}
#define FRAME 20000000ull
#define RING 2048 /* sent-time ring, 2048 frames = 41 s of backlog */
enum { HS, OPEN, DEAD };
typedef struct {
  int fd, st;
  u64 due;
  uint32_t nsent;
  u64 recv_bytes;
  uint32_t nrecv_frames;
  u64 *ts;
  unsigned char *ib;
  int in, icap;
  char *ob;
  int on, ooff, ocap;
  int want_out;
  u64 tended;
  char sid[40];
} C;
static C *cs;
static int N = 10, port = 8000, proto = 0, warm = 2, secs = 8, hsmax = 64, frame_bytes = 160;
static const char *path = "/media", *tag = "", *host = "127.0.0.1", *fmt = NULL;
static char **lines = NULL;
static int nlines = 0;
static int spid = 0, verbose = 0, nomask = 0, rampms = 0, openms = 0, settlems = 300;
static int ep;
static uint32_t *lat;
static size_t nlat, caplat;
static uint32_t *lag;
static size_t nlag, caplag;
static u64 t_meas0, t_meas1;
static u64 sent_meas, recv_meas, msgs_meas, in_bytes;
static int opened, dead, hs_inflight;
static u64 late20, late40, excess_backlog;
static u64 ctlmsgs;
static char b64pay[2048];
static int b64len;
static void pushlat(u64 d) {
  if (nlat == caplat) {
    caplat = caplat ? caplat * 2 : 1 << 20;
    lat = realloc(lat, caplat * 4);
  }
  lat[nlat++] = d / 1000 > 0xffffffffu ? 0xffffffffu : (uint32_t)(d / 1000);
  if (d > 20000000ull)
    late20++;
  if (d > 40000000ull)
    late40++;
}
static void pushlag(u64 d) {
  if (nlag == caplag) {
    caplag = caplag ? caplag * 2 : 1 << 20;
    lag = realloc(lag, caplag * 4);
  }
  lag[nlag++] = (uint32_t)(d / 1000);
}
static int cmp(const void *a, const void *b) {
  uint32_t x = *(uint32_t *)a, y = *(uint32_t *)b;
  return x < y ? -1 : x > y;
}
static void ev(C *c, int out) {
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  c->want_out = out;
}
static void die(C *c, const char *w) {
  if (c->st != DEAD) {
    if (verbose || dead < 3)
      fprintf(stderr, "call %ld died: %s (%s)\n", (long)(c - cs), w, strerror(errno));
    if (c->st == HS)
      hs_inflight--;
    else
      opened--;
    c->st = DEAD;
    dead++;
    close(c->fd);
  }
}
static void wr(C *c, const char *b, int n) {
  if (c->st == DEAD)
    return;
  int w = 0;
  if (c->on == c->ooff) {
    w = send(c->fd, b, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (w < 0) {
      if (errno != EAGAIN) {
        die(c, "send");
        return;
      }
      w = 0;
    }
  }
  if (w < n) {
    if (c->on == c->ooff)
      c->on = c->ooff = 0;
    if (c->on + n - w > c->ocap) {
      c->ocap = (c->on + n - w) * 2;
      c->ob = realloc(c->ob, c->ocap);
    }
    memcpy(c->ob + c->on, b + w, n - w);
    c->on += n - w;
    if (!c->want_out)
      ev(c, 1);
  }
}
static void wsframe(C *c, int op, const char *p, int n) {
  static char b[8192];
  int h = 0;
  b[h++] = 0x80 | op;
  if (n < 126)
    b[h++] = 0x80 | n;
  else {
    b[h++] = 0x80 | 126;
    b[h++] = n >> 8;
    b[h++] = n & 255;
  }
  uint32_t m = nomask ? 0 : 0x5a3c9e17u ^ (uint32_t)(uintptr_t)c * 2654435761u;
  memcpy(b + h, &m, 4);
  unsigned char *mk = (unsigned char *)b + h;
  h += 4;
  int i = 0;
  u64 m8 = ((u64)m << 32) | m;
  (void)mk;
  for (; i + 8 <= n; i += 8) {
    u64 v;
    memcpy(&v, p + i, 8);
    v ^= m8;
    memcpy(b + h + i, &v, 8);
  }
  for (; i < n; i++)
    b[h + i] = p[i] ^ ((char *)&m)[i & 3];
  wr(c, b, h + n);
}
static void send_start(C *c) {
  char b[1024];
  int n;
  if (proto == 0) {
    wsframe(c, 1, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}",
            sizeof("{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}") - 1);
    n = snprintf(b, sizeof b,
                 "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":"
                 "\"AC00000000000000000000000000000000\",\"streamSid\":\"%s\",\"callSid\":\"CA%"
                 "030ld\",\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/"
                 "x-mulaw\",\"sampleRate\":8000,\"channels\":1},\"customParameters\":{}},"
                 "\"streamSid\":\"%s\"}",
                 c->sid, (long)(c - cs), c->sid);
  } else
    n = snprintf(
        b, sizeof b,
        "{\"sequenceNumber\":0,\"event\":\"start\",\"start\":{\"callId\":\"%s\",\"streamId\":\"%"
        "s\",\"accountId\":\"MABBBBBBBBBBBBBBBBBB\",\"tracks\":[\"inbound\"],\"mediaFormat\":{"
        "\"encoding\":\"%s\",\"sampleRate\":8000}},\"extra_headers\":\"{}\"}",
        c->sid, c->sid, frame_bytes == 320 ? "audio/x-l16" : "audio/x-mulaw");
  wsframe(c, 1, b, n);
}
static void send_media(C *c, u64 sched) {
  char b[4096];
  int n;
  uint32_t k = c->nsent;
  if (proto == 0)
    n = snprintf(b, sizeof b,
                 "{\"event\":\"media\",\"sequenceNumber\":\"%u\",\"media\":{\"track\":\"inbound\","
                 "\"chunk\":\"%u\",\"timestamp\":\"%u\",\"payload\":\"%s\"},\"streamSid\":\"%s\"}",
                 k + 2, k + 1, k * 20, b64pay, c->sid);
  else
    n = snprintf(b, sizeof b,
                 "{\"sequenceNumber\":%u,\"streamId\":\"%s\",\"event\":\"media\",\"media\":{"
                 "\"track\":\"inbound\",\"timestamp\":\"%llu\",\"chunk\":%u,\"payload\":\"%s\"},"
                 "\"extra_headers\":\"{}\"}",
                 k + 1, c->sid, 1700000000000ull + k * 20, k + 1, b64pay);
  c->ts[k % RING] = sched;
  c->nsent++;
  wsframe(c, 1, b, n);
}
static void on_msg(C *c, int op, unsigned char *p, int n, u64 t) {
  if (op == 9) {
    wsframe(c, 10, (char *)p, n);
    return;
  }
  if (op == 8) {
    errno = 0;
    die(c, "close frame");
    return;
  }
  if (op != 1 && op != 2)
    return;
  unsigned char *q = memmem(p, n, "\"payload\"", 9);
  if (!q) {
    ctlmsgs++;
    return;
  }
  q += 9;
  unsigned char *e = p + n;
  while (q < e && *q != '"')
    q++;
  q++;
  unsigned char *z = q < e ? memchr(q, '"', e - q) : NULL;
  if (!z)
    return;
  int len = z - q;
  int bytes = len / 4 * 3;
  if (len > 0 && z[-1] == '=')
    bytes--;
  if (len > 1 && z[-2] == '=')
    bytes--;
  c->recv_bytes += bytes;
  int meas = (t >= t_meas0 && t < t_meas1);
  if (meas) {
    msgs_meas++;
    in_bytes += n;
  }
  while ((u64)(c->nrecv_frames + 1) * frame_bytes <= c->recv_bytes) {
    uint32_t k = c->nrecv_frames++;
    if (k >= c->nsent || c->nsent - k > RING)
      continue;
    u64 s = c->ts[k % RING];
    if (meas) {
      recv_meas++;
      pushlat(t > s ? t - s : 0);
    }
  }
}
static void rd(C *c) {
  for (;;) {
    if (c->in + 16384 > c->icap) {
      c->icap = c->in + 32768;
      c->ib = realloc(c->ib, c->icap);
    }
    int r = recv(c->fd, c->ib + c->in, c->icap - c->in, MSG_DONTWAIT);
    if (r < 0) {
      if (errno == EAGAIN)
        break;
      die(c, "recv");
      return;
    }
    if (r == 0) {
      errno = 0;
      die(c, "eof");
      return;
    }
    c->in += r;
    if (r < 16384)
      break;
  }
  u64 t = now();
  int off = 0;
  if (c->st == HS) {
    unsigned char *e = memmem(c->ib, c->in, "\r\n\r\n", 4);
    if (!e)
      return;
    if (memcmp(c->ib, "HTTP/1.1 101", 12)) {
      fprintf(stderr, "%.*s\n", c->in > 200 ? 200 : c->in, c->ib);
      errno = 0;
      die(c, "handshake");
      return;
    }
    off = e + 4 - c->ib;
    c->st = OPEN;
    opened++;
    hs_inflight--;
    send_start(c);
  }
  while (c->st == OPEN && c->in - off >= 2) {
    unsigned char *b = c->ib + off;
    int op = b[0] & 15, h = 2;
    u64 n = b[1] & 127;
    if (n == 126) {
      if (c->in - off < 4)
        break;
      n = b[2] << 8 | b[3];
      h = 4;
    } else if (n == 127) {
      if (c->in - off < 10)
        break;
      n = 0;
      for (int i = 0; i < 8; i++)
        n = n << 8 | b[2 + i];
      h = 10;
    }
    if ((u64)(c->in - off) < h + n)
      break;
    on_msg(c, op, b + h, (int)n, t);
    off += h + n;
  }
  if (c->st == DEAD)
    return;
  if (off) {
    memmove(c->ib, c->ib + off, c->in - off);
    c->in -= off;
  }
}
static int conn(C *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(c->fd, (void *)&a, sizeof a) < 0 && errno != EINPROGRESS) {
    perror("connect");
    return -1;
  }
  c->st = HS;
  hs_inflight++;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  c->want_out = 1;
  char b[4096], hd[2048] = "", pa[1024];
  snprintf(pa, sizeof pa, "%s", path);
  if (nlines) {
    char t[4096];
    snprintf(t, sizeof t, "%s", lines[(c - cs) % nlines]);
    char *sv = NULL, *f = strtok_r(t, "|", &sv);
    if (f)
      snprintf(c->sid, sizeof c->sid, "%s", f);
    f = strtok_r(NULL, "|", &sv);
    if (f)
      snprintf(pa, sizeof pa, "%s", f);
    while ((f = strtok_r(NULL, "|", &sv))) {
      size_t l = strlen(hd);
      snprintf(hd + l, sizeof hd - l, "%s\r\n", f);
    }
  }
  int n = snprintf(b, sizeof b,
                   "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: "
                   "Upgrade\r\nSec-WebSocket-Key: "
                   "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                   pa, port, hd);
  c->ob = malloc(c->ocap = 8192);
  memcpy(c->ob, b, n);
  c->on = n;
  return 0;
}
#define TEND 3000000000ull
// Calls that wait for the others to open speak 40 ms every 3 s: a call without audio is looked into.
static void tend(int k, u64 t) {
  for (int i = 0; i < k; i++) {
    C *c = cs + i;
    if (c->st != OPEN || t - c->tended < TEND)
      continue;
    c->tended = t;
    send_media(c, t);
    send_media(c, t);
  }
}
// Calls that have not got back what they said: their streams are not open yet.
static int pending(void) {
  int n = 0;
  for (int i = 0; i < N; i++)
    n += cs[i].st == OPEN && cs[i].nrecv_frames < cs[i].nsent;
  return n;
}
#include <dirent.h>
static void cpustat(double *b, double *st) {
  FILE *f = fopen("/proc/stat", "r");
  char l[512];
  *st = 0;
  b[0] = b[1] = 0;
  while (f && fgets(l, 512, f)) {
    int c;
    unsigned long long v[8];
    if (sscanf(l, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &c, v, v + 1, v + 2, v + 3,
               v + 4, v + 5, v + 6, v + 7) == 9 &&
        c < 2) {
      b[c] = (v[0] + v[1] + v[2] + v[5] + v[6]) / 100.0;
      *st += v[7] / 100.0;
    }
  }
  if (f)
    fclose(f);
}
static double cb0[2], cb1[2], cst0, cst1;
static double exact;
static double pcpu(int pid, double *u, double *s, long *rss) {
  char f[64], b[2048];
  double tu = 0, ts = 0;
  snprintf(f, 64, "/proc/%d/stat", pid);
  FILE *o = fopen(f, "r");
  if (!o) {
    *u = *s = 0;
    *rss = 0;
    return 0;
  }
  size_t n = fread(b, 1, 2047, o);
  b[n] = 0;
  fclose(o);
  char *p = strrchr(b, ')');
  unsigned long a[30];
  sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &a[0], &a[1]);
  tu = a[0];
  ts = a[1];
  double hz = sysconf(_SC_CLK_TCK);
  *u = tu / hz;
  *s = ts / hz;
  snprintf(f, 64, "/proc/%d/statm", pid);
  o = fopen(f, "r");
  long x, r = 0;
  if (o) {
    if (fscanf(o, "%ld %ld", &x, &r) != 2)
      r = 0;
    fclose(o);
  }
  *rss = r * 4;
  /* ns-precise run time over all threads from schedstat; split by the tick-based user:system ratio
   */
  {
    char d[64];
    snprintf(d, 64, "/proc/%d/task", pid);
    DIR *D = opendir(d);
    double tot = 0;
    struct dirent *x;
    if (D) {
      while ((x = readdir(D))) {
        if (x->d_name[0] == '.')
          continue;
        char g[400];
        snprintf(g, sizeof g, "%s/%s/schedstat", d, x->d_name);
        FILE *q = fopen(g, "r");
        unsigned long long v = 0;
        if (q) {
          if (fscanf(q, "%llu", &v) == 1)
            tot += v / 1e9;
          fclose(q);
        }
      }
      closedir(D);
    }
    exact = tot;
  }
  return *u + *s;
}
static void flush(C *c) {
  if (c->st == DEAD)
    return;
  int w = send(c->fd, c->ob + c->ooff, c->on - c->ooff, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (w < 0) {
    if (errno != EAGAIN)
      die(c, "flush");
    return;
  }
  c->ooff += w;
  if (c->ooff == c->on) {
    c->on = c->ooff = 0;
    ev(c, 0);
  }
}
static u64 polls;
static void pump(u64 until) {
  struct epoll_event e[512];
  u64 t = now();
  struct timespec ts = {0, 0};
  if (until > t) {
    u64 d = until - t;
    ts.tv_sec = d / 1000000000ull;
    ts.tv_nsec = d % 1000000000ull;
  }
  int n = epoll_pwait2(ep, e, 512, &ts, NULL);
  polls++;
  for (int i = 0; i < n; i++) {
    C *c = e[i].data.ptr;
    if (c->st == DEAD)
      continue;
    if (e[i].events & EPOLLOUT)
      flush(c);
    if (c->st != DEAD && (e[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
      rd(c);
  }
}
int main(int argc, char **argv) {
  int o;
  struct option lo[] = {{"calls", 1, 0, 'n'},     {"port", 1, 0, 'p'},
                        {"path", 1, 0, 'P'},      {"proto", 1, 0, 't'},
                        {"secs", 1, 0, 's'},      {"warmup", 1, 0, 'w'},
                        {"pid", 1, 0, 'i'},       {"tag", 1, 0, 'T'},
                        {"l16", 0, 0, 'l'},       {"verbose", 0, 0, 'v'},
                        {"open-ms", 1, 0, 'O'},   {"lines", 1, 0, 'L'},
                        {"settle-ms", 1, 0, 'S'}, {0}};
  while ((o = getopt_long(argc, argv, "n:p:P:t:s:w:i:T:lvO:L:S:", lo, 0)) != -1)
    switch (o) {
    case 'n':
      N = atoi(optarg);
      break;
    case 'p':
      port = atoi(optarg);
      break;
    case 'P':
      path = optarg;
      break;
    case 't':
      proto = !strcmp(optarg, "plivo");
      break;
    case 's':
      secs = atoi(optarg);
      break;
    case 'w':
      warm = atoi(optarg);
      break;
    case 'i':
      spid = atoi(optarg);
      break;
    case 'T':
      tag = optarg;
      break;
    case 'l':
      frame_bytes = 320;
      break;
    case 'v':
      verbose = 1;
      break;
    case 'O':
      openms = atoi(optarg);
      break;
    case 'S':
      settlems = atoi(optarg);
      break;
    case 'L': {
      FILE *f = fopen(optarg, "r");
      char *l = NULL;
      size_t z = 0;
      ssize_t r;
      if (!f) {
        perror(optarg);
        return 2;
      }
      while ((r = getline(&l, &z, f)) > 0) {
        while (r && (l[r - 1] == '\n' || l[r - 1] == '\r'))
          l[--r] = 0;
        if (!r)
          continue;
        lines = realloc(lines, sizeof(char *) * (nlines + 1));
        lines[nlines++] = strdup(l);
      }
    } break;
    default:
      return 2;
    }
  if (N > 5000 || secs > 120) {
    fprintf(stderr, "bounded: at most 5000 calls, 120 s\n");
    return 2;
  }
  cs = calloc(N, sizeof(C));
  ep = epoll_create1(0);
  unsigned char raw[512];
  for (int i = 0; i < frame_bytes; i++)
    raw[i] = (unsigned char)(127 + 100 * sin(i * 0.13) + ((i * 2654435761u) >> 28));
  static const char E[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int i = 0;
  for (; i + 3 <= frame_bytes; i += 3) {
    uint32_t v = raw[i] << 16 | raw[i + 1] << 8 | raw[i + 2];
    b64pay[b64len++] = E[v >> 18];
    b64pay[b64len++] = E[(v >> 12) & 63];
    b64pay[b64len++] = E[(v >> 6) & 63];
    b64pay[b64len++] = E[v & 63];
  }
  if (i < frame_bytes) {
    uint32_t v = raw[i] << 16 | (i + 1 < frame_bytes ? raw[i + 1] << 8 : 0);
    b64pay[b64len++] = E[v >> 18];
    b64pay[b64len++] = E[(v >> 12) & 63];
    b64pay[b64len++] = i + 1 < frame_bytes ? E[(v >> 6) & 63] : '=';
    b64pay[b64len++] = '=';
  }
  b64pay[b64len] = 0;
  double u0, s0, u1, s1;
  long rssA = 0, rss0 = 0, rss1 = 0;
  double x0 = 0, x1 = 0;
  if (spid)
    pcpu(spid, &u0, &s0, &rssA);
  t_meas0 = ~0ull;
  u64 tc0 = now();
  int k = 0;
  u64 dl = now() + 60000000000ull;
  u64 nextopen = now();
  while ((k < N || hs_inflight) && now() < dl) {
    while (k < N && hs_inflight < hsmax && now() >= nextopen) {
      C *c = cs + k;
      snprintf(c->sid, sizeof c->sid, "MZ%08x%08x%08x%08x", k * 2654435761u, k, k * 40503u,
               0xabcdef01u);
      c->ts = calloc(RING, 8);
      if (conn(c) < 0)
        return 1;
      k++;
      if (openms)
        nextopen = now() + openms * 1000000ull;
    }
    pump(now() + 2000000);
    tend(k, now());
  }
  u64 tconn = now() - tc0;
  if (opened < N) {
    fprintf(stderr, "only %d of %d opened, dead %d\n", opened, N, dead);
  }
  {
    u64 e = now() + 20000000000ull;
    do {
      tend(N, now());
      pump(now() + 2000000);
    } while (pending() && now() < e);
    e = now() + (u64)settlems * 1000000ull;
    while (now() < e)
      pump(e);
  }
  u64 start = now() + 50000000ull;
  for (int j = 0; j < N; j++)
    cs[j].due = start + (u64)((double)j / N * FRAME);
  t_meas0 = start + (u64)warm * 1000000000ull;
  t_meas1 = t_meas0 + (u64)secs * 1000000000ull;
  u64 end = t_meas1;
  int got0 = 0;
  struct rusage r0, r1;
  int nx = 0;
  u64 gen_wall0 = 0;
  double gu0 = 0;
  for (;;) {
    u64 t = now();
    if (t >= end)
      break;
    if (!got0 && t >= t_meas0) {
      got0 = 1;
      if (spid) {
        pcpu(spid, &u0, &s0, &rss0);
        x0 = exact;
      }
      getrusage(RUSAGE_SELF, &r0);
      gen_wall0 = t;
      cpustat(cb0, &cst0);
    }
    int burst = 0;
    while (cs[nx].due <= t) {
      C *c = cs + nx;
      if (c->st == OPEN) {
        send_media(c, c->due);
        if (t >= t_meas0) {
          sent_meas++;
          pushlag(now() - c->due);
        }
      }
      c->due += FRAME;
      nx = (nx + 1) % N;
      if (++burst % 32 == 0) {
        break;
      }
    }
    u64 nd = cs[nx].due;
    if (burst % 32 == 0 && burst) {
      pump(0);
    } else {
      u64 q = t + 500000;
      pump(nd > q ? nd : (nd > t ? nd : 0));
    }
  }
  getrusage(RUSAGE_SELF, &r1);
  u64 tend = now();
  cpustat(cb1, &cst1);
  if (spid) {
    pcpu(spid, &u1, &s1, &rss1);
    x1 = exact;
    double tk = u1 + s1 - u0 - s0, f = tk > 0 ? (x1 - x0) / tk : 1;
    u1 = u0 + (u1 - u0) * f;
    s1 = s0 + (s1 - s0) * f;
  }
  int maxbl = 0;
  u64 totbl = 0;
  for (int j = 0; j < N; j++)
    if (cs[j].st == OPEN) {
      int b = cs[j].nsent - cs[j].nrecv_frames;
      totbl += b;
      if (b > maxbl)
        maxbl = b;
    }
  double W = (tend - gen_wall0) / 1e9;
  double gu = (r1.ru_utime.tv_sec - r0.ru_utime.tv_sec) +
              (r1.ru_utime.tv_usec - r0.ru_utime.tv_usec) / 1e6,
         gs = (r1.ru_stime.tv_sec - r0.ru_stime.tv_sec) +
              (r1.ru_stime.tv_usec - r0.ru_stime.tv_usec) / 1e6;
  (void)gu0;
  qsort(lat, nlat, 4, cmp);
  qsort(lag, nlag, 4, cmp);
#define Q(a, n, q) (n ? (a)[(size_t)((n - 1) * (q))] / 1000.0 : -1.0)
  double cpu = spid ? (u1 + s1 - u0 - s0) / W * 100 : 0;
  printf("{\"tag\":\"%s\",\"calls\":%d,\"open\":%d,\"dead\":%d,\"connect_s\":%.2f,\"wall_s\":%.2f,"
         "\"sent\":%llu,\"recv\":%llu,\"msgs\":%llu,\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%."
         "2f,\"p999_ms\":%.2f,\"max_ms\":%.2f,\"late20_pct\":%.3f,\"late40_pct\":%.3f,\"backlog_"
         "mean\":%.2f,\"backlog_max\":%d,\"srv_cpu_pct\":%.1f,\"srv_user_pct\":%.1f,\"srv_sys_"
         "pct\":%.1f,\"srv_cpu_per_call_pct\":%.4f,\"srv_us_per_frame\":%.2f,\"srv_user_us_per_"
         "frame\":%.2f,\"srv_rss_kb\":%ld,\"rss_per_call_kb\":%.1f,\"gen_cpu_pct\":%.1f,\"gen_lag_"
         "p50_ms\":%.3f,\"gen_lag_p99_ms\":%.3f,\"gen_lag_max_ms\":%.3f,\"other_core0_pct\":%.1f,"
         "\"other_core1_pct\":%.1f,\"steal_pct\":%.1f,\"ctl\":%llu}\n",
         tag, N, opened, dead, tconn / 1e9, W, (unsigned long long)sent_meas,
         (unsigned long long)recv_meas, (unsigned long long)msgs_meas, Q(lat, nlat, .5),
         Q(lat, nlat, .9), Q(lat, nlat, .99), Q(lat, nlat, .999), Q(lat, nlat, 1.0),
         nlat ? 100.0 * late20 / nlat : -1, nlat ? 100.0 * late40 / nlat : -1,
         opened ? (double)totbl / opened : 0, maxbl, cpu, spid ? (u1 - u0) / W * 100 : 0,
         spid ? (s1 - s0) / W * 100 : 0, cpu / N,
         recv_meas ? (u1 + s1 - u0 - s0) * 1e6 / recv_meas : 0,
         recv_meas ? (u1 - u0) * 1e6 / recv_meas : 0, spid ? rss1 : 0,
         spid ? (double)(rss1 - rssA) / N : 0, (gu + gs) / W * 100, Q(lag, nlag, .5),
         Q(lag, nlag, .99), Q(lag, nlag, 1.0), (cb1[0] - cb0[0] - gu - gs) / W * 100,
         (cb1[1] - cb0[1]) / W * 100 - cpu, (cst1 - cst0) / W * 100, (unsigned long long)ctlmsgs);
  for (int j = 0; j < N; j++)
    if (cs[j].st == OPEN) {
      wsframe(cs + j, 1, "{\"event\":\"stop\"}", 16);
      wsframe(cs + j, 8, "\x03\xe8", 2);
    }
  usleep(200000);
  return 0;
}
