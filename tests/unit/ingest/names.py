"""A DNS server of the test's own, on loopback: it answers as it is told, differently each time where it is told so."""

import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Lines = Sequence[str]
"""One answer, each line `A 10.20.0.7`, or `name A 10.20.0.7` for a record of another name."""


class NameServer:
    """Answers for names as a recursive server does: aliases and what they lead to in one answer, time to live 0.

    `answers` has for each name its answers in turn, the last for ever; a name without one is not answered at all, a
    name that is not there does not exist. `asked` is every question for an IPv4 address.
    """

    def __init__(self, answers: Mapping[str, Sequence[Lines]]) -> None:
        self._answers = {f"{name}.": list(turns) for name, turns in answers.items()}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(4096)
            if not wire:
                return
            if (answer := self._answer(dns.message.from_wire(wire))) is not None:
                self._socket.sendto(answer.to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        (question,) = query.question
        name = question.name.to_text().lower()
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        turns = self._answers.get(name)
        if turns is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        lines = self._turn(name, turns, question.rdtype)
        if lines is None:
            return None
        for line in lines:
            owner, kind, value = line.split() if len(line.split()) == 3 else (name, *line.split())
            if kind in ("CNAME", dns.rdatatype.to_text(question.rdtype)):
                found = answer.find_rrset(
                    answer.answer,
                    dns.name.from_text(owner),
                    question.rdclass,
                    dns.rdatatype.from_text(kind),
                    create=True,
                )
                found.update(dns.rrset.from_text(owner, 0, "IN", kind, value))  # type: ignore[no-untyped-call]
        return answer

    def _turn(self, name: str, turns: list[Lines], kind: dns.rdatatype.RdataType) -> Lines | None:
        """The answer that is due: both families are asked for in each turn, IPv4 first."""
        if kind == dns.rdatatype.A:
            self.asked.append(name)
        number = self.asked.count(name) - 1
        return turns[min(number, len(turns) - 1)] if turns else None
