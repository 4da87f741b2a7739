"""What the page says about each language."""

from __future__ import annotations

BEFORE = {
    "python": [
        "The official plug-in opens its configuration file in a mode that ended with Python 3.10, so both run there, in",
        "[the same program](../tests/compare/program.py), with the same `managed_credentials_providers.properties`.",
    ],
    "go": [
        "The official plug-in's modules could not be downloaded from the Go module proxy (2026-11). The official secrets client below it",
        "stands in, unmodified, with its own cache and schedule; both are called by [the same program](../tests/compare/go/program) and",
        "sign with the same V1 SDK, and get the same settings, the client in `secretsmanager.properties`. What the client does not do",
        "is [the stand-in program's](../tests/compare/go/official/main.go): it gives the SDK the client's answer at every signature, and",
        "on a key that is refused as dead it calls `RefreshNow` and sends once more, as the plug-in's documentation promises.",
        "\"Official client alone\" is without that; it is measured where the old key dies at once. So no figure is the plug-in's.",
    ],
}
AFTER_TABLE = {
    "python": [
        "After a failed first attempt the official plug-in goes on for up to 10 minutes, so its error with KMS down is only known to",
        "come later than the time looked at. The emulator's OSS, told a length, waits for that much body; a retried call that",
        "sends none ends by the timeout that the program sets.",
    ],
    "go": [
        "The client's read gives the secret's text; taking the key out of it is not counted. kmsramcred is linked in",
        "(`-tags kmsramcred_static`).",
    ],
}
AFTER_ROTATION = {
    "python": ["The official plug-in refreshes a refused key at most 5 times at once and then once in 10 minutes."],
    "go": ["The stand-in program does not limit how often it refreshes."],
}
WORSE = {
    "python": [
        "A call that is refused because services lag waits, up to `call_budget_milliseconds`, in place of failing: fewer failures",
        "are paid for with a longer call. Failed calls are counted as they come: one with the official plug-in takes 0.2 s, one",
        "here a few milliseconds, so a caller meets more of them in the same time. \"Last failure after\" does not depend on that.",
    ],
    "go": [
        "A call that is refused because services lag waits, up to `call_budget_milliseconds`, in place of failing: fewer failures",
        "are paid for with a longer call. Giving up at once ends earlier than trying again while KMS is down.",
    ],
}
NOT_COMPARED = [
    "- Go: uploads, for which the client has nothing; forks, which Go programs do not make.",
    "- Settings with several regions, dedicated instances and ClientKeys.",
]
