// floor: epoll websocket echo in C (no verification of the handshake: test floor only). usage:
// cecho PORT
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
typedef struct {
  int fd, st, in;
  unsigned char b[8192];
} C;
int main(int c, char **v) {
  int s = socket(AF_INET, SOCK_STREAM, 0), o = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &o, 4);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(v[1]))};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(s, (void *)&a, sizeof a) || listen(s, 4096))
    return 1;
  int ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
  struct epoll_event E[512];
  for (;;) {
    int n = epoll_wait(ep, E, 512, -1);
    for (int i = 0; i < n; i++) {
      C *k = E[i].data.ptr;
      if (!k) {
        int f = accept4(s, 0, 0, SOCK_NONBLOCK);
        if (f < 0)
          continue;
        setsockopt(f, IPPROTO_TCP, TCP_NODELAY, &o, 4);
        k = calloc(1, sizeof *k);
        k->fd = f;
        struct epoll_event x = {.events = EPOLLIN, .data.ptr = k};
        epoll_ctl(ep, EPOLL_CTL_ADD, f, &x);
        continue;
      }
      int r = recv(k->fd, k->b + k->in, sizeof k->b - k->in, 0);
      if (r <= 0) {
        if (r == 0) {
          close(k->fd);
          free(k);
        }
        continue;
      }
      k->in += r;
      if (!k->st) {
        unsigned char *q = memmem(k->b, k->in, "\r\n\r\n", 4);
        if (!q)
          continue;
        static const char R[] =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
            "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        send(k->fd, R, sizeof R - 1, MSG_NOSIGNAL);
        int h = q + 4 - k->b;
        memmove(k->b, k->b + h, k->in - h);
        k->in -= h;
        k->st = 1;
      }
      int off = 0;
      while (k->in - off >= 6) {
        unsigned char *b = k->b + off;
        int op = b[0] & 15, h = 2;
        int L = b[1] & 127;
        if (L == 126) {
          L = b[2] << 8 | b[3];
          h = 4;
        }
        unsigned char *m = b + h;
        h += 4;
        if (k->in - off < h + L)
          break;
        unsigned char o2[4100];
        int g = 0;
        o2[g++] = b[0];
        if (L < 126)
          o2[g++] = L;
        else {
          o2[g++] = 126;
          o2[g++] = L >> 8;
          o2[g++] = L;
        }
        uint32_t mk;
        memcpy(&mk, m, 4);
        uint64_t m8 = ((uint64_t)mk << 32) | mk;
        int j = 0;
        for (; j + 8 <= L; j += 8) {
          uint64_t w;
          memcpy(&w, b + h + j, 8);
          w ^= m8;
          memcpy(o2 + g + j, &w, 8);
        }
        for (; j < L; j++)
          o2[g + j] = b[h + j] ^ m[j & 3];
        if (op == 1)
          send(k->fd, o2, g + L, MSG_NOSIGNAL);
        off += h + L;
      }
      if (off) {
        memmove(k->b, k->b + off, k->in - off);
        k->in -= off;
      }
    }
  }
}
