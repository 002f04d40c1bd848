"""How the page of a certification looks: light and dark as the reader has it, narrow screens, paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #16202c; --quiet: #5a6675; --rule: #dde2e8; --sunken: #f0f2f5;
  --good: #0b7a43; --good-page: #e3f5eb; --bad: #b3261e; --bad-page: #fdeaea; --warn: #8a5300; --warn-page: #fff3dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141a; --card: #18202a; --ink: #e8edf3; --quiet: #9aa7b6; --rule: #2b3643; --sunken: #121920;
    --good: #58d48e; --good-page: #12321f; --bad: #ff8a80; --bad-page: #3b1a1a; --warn: #ffcb6b; --warn-page: #372a10;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 980px; margin: 0 auto; padding: 28px 20px 40px; }
h1 { font-size: 30px; line-height: 1.2; margin: 4px 0 8px; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 18px; margin: 36px 0 4px; }
h2::first-letter { text-transform: uppercase; }
p { margin: 0 0 10px; max-width: 70em; }
a { color: inherit; }
pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0 0; padding: 8px 12px; border-radius: 6px;
  background: var(--sunken); }
.quiet { color: var(--quiet); }
.lead { font-size: 18px; margin: 0 0 14px; }
.badge { display: inline-block; padding: 1px 10px; border-radius: 99px; font-weight: 600; font-size: 13px;
  white-space: nowrap; }
h1 + .badge { font-size: 16px; padding: 4px 16px; margin: 0 0 14px; border-radius: 20px; white-space: normal; }
.good { color: var(--good); background: var(--good-page); } .bad { color: var(--bad); background: var(--bad-page); }
.warn { color: var(--warn); background: var(--warn-page); } .plain { color: var(--quiet); background: var(--sunken); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 4px 0 20px; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 10px 16px; }
.tile dt { color: var(--quiet); font-size: 13px; }
.tile dd { margin: 0; font-size: 26px; font-weight: 650; line-height: 1.25; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; margin: 10px 0; }
.card > summary { cursor: pointer; padding: 12px 16px; display: flex; gap: 12px; align-items: baseline; }
.card > summary::-webkit-details-marker { display: none; }
.card > summary:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; border-radius: 10px; }
.card > summary .title { flex: 1; min-width: 0; font-weight: 600; overflow-wrap: anywhere; }
.card > summary .title small { display: block; font-weight: 400; color: var(--quiet); }
.card > div { padding: 0 16px 14px; border-top: 1px solid var(--rule); padding-top: 12px; }
.card.failed { border-left: 4px solid var(--bad); } .card.not-judged { border-left: 4px solid var(--warn); }
h3 { font-size: 13px; margin: 14px 0 4px; color: var(--quiet); font-weight: 600; }
ol, ul { margin: 0; padding-left: 22px; }
ul.findings { list-style: none; padding: 0; }
ul.findings > li { padding: 6px 0; border-bottom: 1px solid var(--rule); }
ul.findings > li:last-child { border-bottom: 0; }
ul.findings .badge { margin-right: 8px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
thead th { color: var(--quiet); font-weight: 550; font-size: 13px; }
tbody th { font-weight: 500; }
@media (min-width: 700px) { tbody th { white-space: nowrap; } }
.inner > summary { cursor: pointer; color: var(--quiet); margin-top: 12px; }
footer { color: var(--quiet); font-size: 13px; margin-top: 28px; }
@media (max-width: 560px) {
  main { padding: 18px 12px 28px; } h1 { font-size: 23px; } .card > summary { flex-wrap: wrap; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --quiet: #444; --rule: #bbb; --sunken: #f4f4f4;
    --good: #0b7a43; --good-page: #fff; --bad: #b3261e; --bad-page: #fff; --warn: #8a5300; --warn-page: #fff; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; } .badge { border: 1px solid currentColor; }
  .card { break-inside: avoid; } .card.failed, .card.not-judged { break-inside: auto; } .inner { display: none; }
}
"""
