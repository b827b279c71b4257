"""What is said in the demo's two calls, and by whom."""

from __future__ import annotations

from linecard.demo.voices import AGENT, CUSTOMER, HUMAN, beeps, say

GREETING = (
    "Good morning, this is Hotel Aurora with a call about your booking for tonight. Your room is "
    "ready from two in the afternoon, and breakfast is served from seven until half past ten."
)
INTERRUPTION = "Sorry to interrupt you, I am in a hurry."
ASK_NUMBER = "Of course. Please type your booking number."
BOOKING = "4711"
CONNECTING = "Thank you. I will connect you with the front desk."
STILL_BUSY = "The front desk is busy. Let me try somebody else."
HUMAN_HELLO = "Hello, this is Maria at the front desk. How can I help you?"
CUSTOMER_REQUEST = "Hello Maria. I will arrive late tonight, after eleven."
HUMAN_BYE = "No problem at all. We will wait for you. Goodbye."

WELCOME = (
    "Welcome to Hotel Aurora. Say something, and I will repeat it. Then type your room number."
)
CALLER_SAYS = "Hello, hello, can you hear me?"
ROOM = "204#"
THANKS = "Thank you for calling. Goodbye."

BOOKING_BEEPS = beeps(BOOKING)
ROOM_BEEPS = beeps(ROOM)


def by_agent(text: str) -> bytes:
    """A line of the agent."""
    return say(text, AGENT)


def by_customer(text: str) -> bytes:
    """A line of the customer."""
    return say(text, CUSTOMER)


def by_human(text: str) -> bytes:
    """A line of the human to whom the call is transferred."""
    return say(text, HUMAN)


AGENT_LINES = (GREETING, ASK_NUMBER, CONNECTING, STILL_BUSY, WELCOME, THANKS)
CUSTOMER_LINES = (INTERRUPTION, CUSTOMER_REQUEST, CALLER_SAYS)
HUMAN_LINES = (HUMAN_HELLO, HUMAN_BYE)


def rehearse() -> None:
    """Make every line's sound before it is needed, so that no call waits for it."""
    for speak, lines in (
        (by_agent, AGENT_LINES),
        (by_customer, CUSTOMER_LINES),
        (by_human, HUMAN_LINES),
    ):
        for line in lines:
            speak(line)
