"""How the gate's page looks: one style for screens from 360 pixels on, light and dark, and for paper. Contrast of text is 4.5:1 or more (WCAG 2.2, 1.4.3)."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --soft: #f3f3f1; --line: #767676; --link: #00429d; --bad: #9c1c1c; --bad-soft: #fdf0ef;
  --doubt: #7a4b00; --doubt-soft: #fdf6e7; --good: #17603a; --good-soft: #eef8f1; --added: #17603a; --taken: #9c1c1c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #16181b; --soft: #22262b; --line: #8b9197; --link: #9cc4ff; --bad: #ff9c94; --bad-soft: #351b1b;
    --doubt: #f2c46d; --doubt-soft: #33280f; --good: #86d8a5; --good-soft: #12301e; --added: #86d8a5; --taken: #ff9c94; }
}
* { box-sizing: border-box; }
body { font: 1rem/1.55 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--paper); }
main, header, nav { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.25rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .3rem; overflow-wrap: anywhere; }
h4 { font-size: 1rem; margin: 1.2rem 0 .2rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; max-width: 46rem; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem; }
.verdict { font-size: 1.1rem; font-weight: 600; padding: .8rem 1rem; margin: .9rem 0; border-left: .4rem solid; max-width: none; }
.bad { color: var(--bad); border-color: var(--bad); background: var(--bad-soft); }
.good { color: var(--good); border-color: var(--good); background: var(--good-soft); }
.doubt { color: var(--doubt); border-color: var(--doubt); background: var(--doubt-soft); }
.facts { color: var(--ink); font-size: .92rem; overflow-wrap: anywhere; }
nav ul { list-style: none; padding: 0; margin: .6rem 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
nav li a { display: inline-block; padding: .25rem 0; }
.finding { border: 1px solid var(--line); border-left-width: .4rem; padding: .55rem .8rem; margin: .7rem 0; overflow-wrap: anywhere; }
.finding.bad, .finding.doubt { color: var(--ink); background: var(--paper); }
.finding.bad { border-left-color: var(--bad); } .finding.doubt { border-left-color: var(--doubt); }
.finding h4 { margin-top: 0; }
.finding dl { margin: .3rem 0 0; display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; }
.finding dt { font-weight: 600; } .finding dd { margin: 0; }
.where { font-family: ui-monospace, monospace; font-size: .9rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); margin: .5rem 0 1rem; }
.scroll:focus-visible { outline: 3px solid var(--link); }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
caption { text-align: left; font-weight: 600; padding: .45rem .6rem; }
th, td { border-top: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.mark { color: var(--bad); font-weight: 600; }
.hint { color: var(--doubt); font-weight: 600; }
pre { background: var(--soft); border: 1px solid var(--line); padding: .5rem .7rem; margin: .3rem 0 .8rem; overflow-x: auto; font-size: .88rem; }
pre .added { color: var(--added); } pre .taken { color: var(--taken); }
footer { max-width: 72rem; margin: 2.5rem auto; padding: 0 1rem; font-size: .9rem; }
@media (max-width: 34rem) { .finding dl { grid-template-columns: 1fr; } .finding dd { margin-bottom: .3rem; } h1 { font-size: 1.35rem; } }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #eee; --line: #555; --link: #000; --bad: #6d0f0f; --doubt: #543400; --good: #0d4226;
    --bad-soft: #fff; --doubt-soft: #fff; --good-soft: #fff; }
  nav, .skip { display: none; } .finding, tr, pre { break-inside: avoid; } .scroll { overflow: visible; border: 0; } pre { white-space: pre-wrap; }
}
"""
