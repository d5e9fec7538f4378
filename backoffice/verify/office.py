"""The verifier: whether an office's database still proves what the office once promised.

Reads, never writes; works beside a running office as well as on a copy of a stopped one. It looks
at every row of every table against the logs of the shards, at every image against its digest, at
the pinned keys, at every case against the state machine and its signatures, at what partners did,
the core's ledger, and who owns which card. A report counts what was looked at and lists what is
wrong, each with its place; the same database gives the same report.

It proves nothing against somebody who writes the whole database anew, unless a former head was
kept elsewhere (`kept`); the signatures of devices then still cannot be forged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

import msgspec

from actors.store import Recorded
from actors.store.sqlite.file import Archive, open_readonly
from backoffice.product import Product
from backoffice.verify.findings import Fault, Finding, Findings, place
from backoffice.verify.identities import IDENTITIES, IdentityBook
from backoffice.verify.images import ImageBook, Shelf
from backoffice.verify.logs import KeptHead, check_logs
from backoffice.verify.partners import PARTNERS, PartnerBook
from backoffice.verify.pinned import DEVICES_STREAM, PinnedKeys
from backoffice.verify.rules import CASES, CaseBook
from supervisors.at_rest import read_blobs
from wire.case_state import TITLES, State
from wire.codec import encode_json

DATABASES: Final = ("office/office.db", "office.db")
"""Where an office's database may be in its folder, the first that is there."""

Language = Literal["zh", "en"]


class NoOffice(Exception):
    """The folder holds no office's database."""


class ShardHead(msgspec.Struct, frozen=True):
    """How far a shard's log has come.

    Attributes:
        size: how many entries it has.
        root: RFC 6962's Merkle tree hash over them, hex.
    """

    size: int
    root: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what is wrong.

    Attributes:
        events: events in all streams.
        audit_entries: entries of all logs.
        heads: how far every shard's log has come.
        root: the root that joins all heads, hex.
        head: that root and the sizes of all logs, hex; to be kept where the office cannot write.
        entries_since_head: how many entries have come since the head that somebody kept; None where
            none was given, or the logs never had it.
        cases: how many cases stand where, by state.
        devices: enrolled devices, revoked ones included.
        signatures: signatures of devices that were found right.
        images: images whose bytes are what their digest says.
        posting_groups: groups of the embedded cores' ledgers.
        balance_fen: what all postings sum to.
        findings: what is wrong, in the order of the walk.
        more_findings: how many there are beyond those that are listed.
        notes: what is not wrong, and worth a look by a person.
        more_notes: how many there are beyond those that are listed.
    """

    events: int
    audit_entries: int
    heads: dict[str, ShardHead]
    root: str
    head: str
    entries_since_head: int | None
    cases: dict[State, int]
    devices: int
    signatures: int
    images: int
    posting_groups: int
    balance_fen: int
    findings: tuple[Finding, ...]
    more_findings: int = 0
    notes: tuple[Finding, ...] = ()
    more_notes: int = 0

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.findings


def verify_folder(
    folder: Path, products: Mapping[str, Product], *, kept: KeptHead | None = None
) -> Report:
    """Verify the office in a folder; see `verify_office`.

    Raises:
        NoOffice: there is no database.
        StoreError: the database is none of ours, or does not read.
        KeysUnusable: the keys of what is stored are not there.
        BlobError: the photos' disk does not read.
    """
    database = database_of(folder)
    with open_readonly(database) as archive:
        return verify_office(archive, read_blobs(database), products, kept=kept)


def database_of(folder: Path) -> Path:
    """Where the office's database is in a folder.

    Raises:
        NoOffice: nowhere.
    """
    path = next((folder / name for name in DATABASES if (folder / name).is_file()), None)
    if path is None:
        raise NoOffice(f"{folder} holds no office's database")
    return path


def verify_office(
    archive: Archive,
    shelf: Shelf,
    products: Mapping[str, Product],
    *,
    kept: KeptHead | None = None,
) -> Report:
    """Check everything that an office's database can prove.

    Args:
        archive: of a stopped or a running office.
        shelf: its photos and recordings.
        products: by code, as `backoffice.catalogue.products` found them.
        kept: the `head` of a former report that was kept elsewhere; shows that a log was cut off
            before it, or written anew.

    Raises:
        StoreError: the database does not read.
    """
    findings = Findings()
    logs, keys = check_logs(archive, findings, kept), PinnedKeys(findings)
    for row in archive.events_like(DEVICES_STREAM):
        keys.take(row)
    # After the first row was read: whatever a case of that moment names was put before.
    images = ImageBook(shelf, findings)
    cases = CaseBook(products, keys, images, findings)
    partners = PartnerBook(cases.told, findings)
    identities = IdentityBook(cases.named, findings)
    readers = {CASES: cases.take, IDENTITIES: identities.take}
    readers |= dict.fromkeys(PARTNERS, partners.take)
    events = _streams(archive, readers, findings)
    images.close(cases.notes)
    partners.close()
    identities.close()
    _claims(archive, cases.owned, findings)
    return Report(
        events=events,
        audit_entries=logs.entries,
        heads={head.shard: ShardHead(head.size, head.root.hex()) for head in logs.heads},
        root=logs.root.hex(),
        head=logs.token,
        entries_since_head=logs.since,
        cases={state: cases.states[state] for state in State if state in cases.states},
        devices=len(keys.devices),
        signatures=cases.signatures,
        images=len(images.sizes),
        posting_groups=partners.groups,
        balance_fen=partners.balance,
        findings=findings.kept,
        more_findings=findings.more,
        notes=cases.notes.kept,
        more_notes=cases.notes.more,
    )


def _streams(
    archive: Archive,
    readers: Mapping[str, Callable[[str, Iterator[Recorded]], None]],
    findings: Findings,
) -> int:
    """Hand every stream to the reader of its kind, by name.

    Returns:
        How many events there are.
    """
    events = 0

    def counted(stream: str, rows: Iterator[Recorded]) -> Iterator[Recorded]:
        nonlocal events
        version = 0
        for row in rows:
            events += 1
            version += 1
            if row.version != version:
                span = f"{version} ≠ {row.version}"
                findings.add(Fault.VERSION_GAP, place(stream, row.version), span)
                version = row.version
            yield row

    for stream, group in groupby(archive.events(), key=lambda row: row.stream):
        rows = counted(stream, group)
        for prefix, read in readers.items():
            if stream.startswith(prefix):
                read(stream, rows)
        # What its reader had no more use for is counted all the same.
        for _ in rows:
            pass
    return events


def _claims(archive: Archive, owned: dict[tuple[str, str], str], findings: Findings) -> None:
    """One case per card: the keys that cases must own are theirs, and nobody else's."""
    scopes = {scope for scope, _ in owned}
    missing = dict(owned)
    for claim, _ in archive.claims():
        owner = missing.pop((claim.scope, claim.key), None)
        where = f"claim/{claim.scope}"
        if owner is None and claim.scope in scopes:
            findings.add(Fault.CLAIM_STRAY, where, claim.owner)
        elif owner is not None and owner != claim.owner:
            findings.add(Fault.CLAIM_LOST, where, f"{owner} → {claim.owner}")
    for (scope, _), owner in sorted(missing.items(), key=lambda item: (item[0][0], item[1])):
        findings.add(Fault.CLAIM_LOST, f"claim/{scope}", owner)


WORDS: Final[dict[Fault, tuple[str, str]]] = {
    Fault.ALTERED: ("与审计日志不符：内容被改动", "altered: not what the log says"),
    Fault.MISSING: ("审计日志中有，数据中缺失", "missing: the log says that it is there"),
    Fault.ADDED: ("数据中有，审计日志中没有", "added: no log tells of it"),
    Fault.BROKEN_TREE: ("审计日志的校验树被改动", "the log's tree was altered here"),
    Fault.HEAD_LOST: (
        "审计日志中没有您保存的链头：尾部被截断，或历史被重写",
        "the log never had the head that was kept: its end was cut off, or it was written anew",
    ),
    Fault.VERSION_GAP: ("事件版本不连续", "versions of the stream are missing"),
    Fault.UNREADABLE: ("记录无法识别", "the record cannot be read"),
    Fault.DEVICE_IRREGULAR: ("设备登记异常", "irregular entry of the device registry"),
    Fault.DEVICE_UNKNOWN: ("设备未登记", "the device was never enrolled"),
    Fault.ILLEGAL_STEP: ("业务状态流转不合法", "the step is none of the state machine"),
    Fault.SIGNATURE_INVALID: ("设备签名无效", "the device's signature is invalid"),
    Fault.SUBMISSION_DIFFERS: ("受理记录与提交内容不符", "the intake is not what was submitted"),
    Fault.IDENTITY_DIFFERS: ("联网核查记录缺失或不符", "no such answer of the population register"),
    Fault.IMAGE_MISSING: ("影像缺失", "the image is missing"),
    Fault.IMAGE_ALTERED: ("影像被改动", "the image was altered"),
    Fault.IMAGE_STRAY: ("影像目录中有不明文件", "this file is no image of the office's"),
    Fault.IMAGE_UNNAMED: ("影像已归档但没有业务引用", "the image is kept and no case names it"),
    Fault.DECISION_DIFFERS: ("授权决定与业务内容不符", "the decision is on something else"),
    Fault.SELF_AUTHORIZED: ("授权人与经办人或首位授权人相同", "one person in two roles"),
    Fault.UNAUTHORIZED: ("未经授权即办理", "went on without its authorization"),
    Fault.SLIP_DIFFERS: ("确认单与其校验值不符", "the slip is not what its hash says"),
    Fault.UNSIGNED: ("未经客户签字即生效", "made real without a signature"),
    Fault.CLAIM_LOST: ("唯一性登记缺失或归属错误", "a claim is missing or somebody else's"),
    Fault.CLAIM_STRAY: ("唯一性登记没有对应业务", "a claim without its case"),
    Fault.CLAIM_TWICE: ("同一要素被两笔业务占用", "two cases own the same"),
    Fault.UNBALANCED: ("分录组借贷不平", "the posting group does not balance"),
    Fault.POSTED_TWICE: ("同一流水重复入账", "one key posted twice"),
    Fault.PARTNER_ILLEGAL: ("核心或外围系统流水不合法", "the partner's step is impossible"),
    Fault.PARTNER_WITHOUT_CASE: (
        "核心或外围系统流水没有对应业务",
        "the partner's key belongs to no case",
    ),
    Fault.PARTNER_DIFFERS: ("业务与核心或外围系统不一致", "case and partner disagree"),
    Fault.UNREVIEWED: (
        "同名人员经办、授权的业务未列入复核",
        "namesakes' case was not drawn for review",
    ),
    Fault.NAMESAKES: (
        "须由不同人员经手，但姓名相同",
        "must be different persons, and carry one name",
    ),
}
"""Fault → (Simplified Chinese, English)."""


def render_json(report: Report) -> str:
    """The report for scripts: its fields, and in short whether all is well and what is not."""
    said = {
        "ok": report.sound,
        "problems": [{"where": one.where, "what": one.what} for one in report.findings],
        "audit_head": report.root,
    }
    return encode_json(said | msgspec.to_builtins(report)).decode()


def render_text(report: Report, lang: Language) -> str:
    """The report for people, one line per fact."""
    one = 0 if lang == "zh" else 1
    rows = (
        (("事件", "Events"), f"{report.events:,}"),
        (("审计记录", "Audit entries"), f"{report.audit_entries:,}"),
        (("审计总根", "Audit root"), report.root),
        (("审计链头（请另存）", "Audit head, to be kept"), report.head),
        (("设备", "Devices"), f"{report.devices:,}"),
        (("有效签名", "Valid signatures"), f"{report.signatures:,}"),
        (("完好影像", "Intact images"), f"{report.images:,}"),
        (("分录组", "Posting groups"), f"{report.posting_groups:,}"),
        (("试算差额（分）", "Trial balance (fen)"), f"{report.balance_fen:,}"),
        (("业务", "Cases"), f"{sum(report.cases.values()):,}"),
    )
    lines = [f"{words[one]}: {value}" for words, value in rows]
    if report.entries_since_head is not None:
        since = ("保存的链头仍在链中，此后新增记录", "The kept head still stands; entries since")
        lines.append(f"{since[one]}: {report.entries_since_head:,}")
    lines += [f"  {TITLES[state][one]}: {count:,}" for state, count in report.cases.items()]
    if report.notes:
        lines.append(("请人工核实（不是差错）：", "To be looked at by a person, not wrong:")[one])
        lines += _listed(report.notes, report.more_notes, one)
    if report.sound:
        return "\n".join((*lines, ("核验通过，未发现问题。", "Sound: nothing is wrong.")[one], ""))
    total = len(report.findings) + report.more_findings
    lines.append((f"发现 {total:,} 个问题：", f"{total:,} findings:")[one])
    lines += _listed(report.findings, report.more_findings, one)
    return "\n".join((*lines, ""))


def _listed(findings: tuple[Finding, ...], more: int, one: int) -> Iterator[str]:
    for finding in findings:
        detail = f" ({finding.detail})" if finding.detail else ""
        yield f"  {finding.where}: {WORDS[finding.what][one]}{detail}"
    if more:
        yield (f"  ……另有 {more:,} 个", f"  … and {more:,} more")[one]


__all__ = [
    "DATABASES",
    "WORDS",
    "ShardHead",
    "Fault",
    "Finding",
    "Language",
    "NoOffice",
    "Report",
    "database_of",
    "render_json",
    "render_text",
    "verify_folder",
    "verify_office",
]
