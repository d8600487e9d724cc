// The page's style: one palette each for light and dark, which charts share; nothing is fetched.
#pragma once

#include <string_view>

namespace peapod::html {

inline constexpr std::string_view kStyle = R"css(
:root {
  color-scheme: light dark;
  --ground: #f7f7f4; --card: #ffffff; --ink: #1e2420; --soft: #5d6760; --line: #e2e4df; --grid: #ecede9;
  --s0: #2f7d4f; --s1: #c26a1c; --s2: #5562c1; --s3: #8d98a0; --s4: #b0478a;
  --good: #24703f; --bad: #b3372c; --tint: #eaf3ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131614; --card: #1b1f1c; --ink: #e6eae7; --soft: #9aa59e; --line: #2d332f; --grid: #262b28;
    --s0: #67c08a; --s1: #e39a55; --s2: #98a4f0; --s3: #7f8b93; --s4: #dc86bd;
    --good: #7fd09c; --bad: #f08a7f; --tint: #1f2c24;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
main { max-width: 1060px; margin: 0 auto; padding: 40px 28px 64px; }
header { border-bottom: 1px solid var(--line); padding-bottom: 20px; }
.eyebrow { margin: 0; color: var(--s0); font-weight: 600; letter-spacing: .04em; }
h1 { font-size: 32px; line-height: 1.15; margin: 4px 0 6px; letter-spacing: -.015em; overflow-wrap: anywhere; }
h1 span { color: var(--soft); font-weight: 400; }
h2 { font-size: 21px; margin: 44px 0 6px; letter-spacing: -.01em; }
h3 { font-size: 15px; margin: 22px 0 8px; }
h4 { font-size: 14px; margin: 0 0 8px; color: var(--soft); font-weight: 600; }
.facts, .lead { color: var(--soft); margin: 0; }
.lead { max-width: 74ch; margin-bottom: 14px; }
.warning { color: var(--bad); font-weight: 600; margin: 12px 0 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px; min-width: 0; }
.card > h3 { margin-top: 0; color: var(--soft); font-weight: 600; }
.headline { margin: 0 0 12px; color: var(--soft); }
.headline b { font-size: 30px; line-height: 1.1; color: var(--ink); letter-spacing: -.02em; margin-right: 4px; }
.standing { margin: 12px 0 0; padding-top: 12px; border-top: 1px solid var(--line); color: var(--soft); font-size: 14px; }
.standing b { color: var(--ink); }
.standing.better b, td.better b { color: var(--good); }
.standing.worse b, td.worse b { color: var(--bad); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 8px 9px; text-align: right; white-space: nowrap; vertical-align: top; }
thead th { white-space: normal; vertical-align: bottom; color: var(--soft); font-weight: 600; font-size: 13px; border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
tbody th { text-align: left; font-weight: 500; }
th:first-child, td:first-child { padding-left: 14px; } th:last-child, td:last-child { padding-right: 14px; }
.narrow { max-width: 560px; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; }
tbody th { position: sticky; left: 0; background: var(--card); }
tr.ours th { font-weight: 700; }
td b { display: block; font-weight: 500; }
tr.ours td b { font-weight: 700; }
td.best b { color: var(--good); }
td small { display: block; color: var(--soft); font-size: 11px; line-height: 1.4; }
small { color: var(--soft); font-weight: 400; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 8px; background: currentColor; }
.series-0 { color: var(--s0); } .series-1 { color: var(--s1); } .series-2 { color: var(--s2); }
.series-3 { color: var(--s3); } .series-4 { color: var(--s4); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 8px 0 0; padding: 0; font-size: 13px; }
.chart { display: block; width: 100%; max-width: 500px; height: auto; overflow: visible; }
.chart text { font-size: 11px; fill: var(--soft); font-family: inherit; }
.chart text.row { font-size: 12px; fill: var(--ink); }
.chart text.value { font-size: 12px; fill: var(--ink); font-weight: 600; }
.chart text.note { font-size: 10px; }
.chart .rule { stroke: var(--grid); } .chart .axis { stroke: var(--soft); stroke-opacity: .55; }
.chart .whisker { stroke: var(--ink); stroke-width: 1.2; }
.chart .marked { stroke: var(--soft); stroke-dasharray: 3 3; }
.chart rect { fill: currentColor; fill-opacity: .8; }
.chart circle { fill: currentColor; }
.chart .mark circle { stroke: var(--card); stroke-width: 1.5; }
.chart polyline { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
.user { margin-top: 16px; }
.user > h3 { font-size: 16px; color: var(--ink); margin-bottom: 10px; overflow-wrap: anywhere; }
.history { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 6px; font-size: 13px; }
.history li { border: 1px solid var(--line); border-radius: 6px; padding: 2px 9px; overflow-wrap: anywhere; }
.history .more { border-style: dashed; color: var(--soft); }
.target { margin: 12px 0; overflow-wrap: anywhere; }
.target small { display: block; font-size: 13px; }
.badge { display: inline-block; border-radius: 999px; padding: 0 9px; font-size: 12px; line-height: 1.6; white-space: nowrap; border: 1px solid; }
.badge.hit { color: var(--good); background: var(--tint); } .badge.miss { color: var(--soft); }
.recommended th, .recommended td { padding: 5px 12px; }
.recommended .name { text-align: left; white-space: normal; min-width: 180px; width: 60%; }
.recommended td:first-child { color: var(--soft); width: 1%; }
.recommended .chosen td { background: var(--tint); }
.prompts-title { margin: 14px 0 4px; font-size: 13px; color: var(--soft); font-weight: 600; }
.prompts { list-style: none; display: grid; gap: 4px; margin: 0; padding: 0; font-size: 13px; }
.prompts li { display: grid; grid-template-columns: 5.5em minmax(60px, 180px) 3.5em 1fr; align-items: center; gap: 10px; }
.prompts b { text-align: right; }
.prompts span, .prompts small { white-space: nowrap; }
.bar { height: 8px; background: var(--grid); border-radius: 4px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--s0); }
.notes ul { padding-left: 18px; margin: 8px 0 0; color: var(--soft); max-width: 80ch; }
.notes b { color: var(--ink); font-weight: 600; }
.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); }
.facts-table { max-width: 720px; } .facts-table th { white-space: normal; font-weight: 400; }
.items .name { text-align: left; white-space: normal; }
.items small { display: block; }
@media (max-width: 560px) {
  main { padding: 24px 16px 40px; }
  h1 { font-size: 25px; }
  .card { padding: 14px; }
  th, td { padding: 7px 8px; }
  .prompts li { grid-template-columns: 5em 1fr 2.8em 7.5em; gap: 8px; }
  .recommended th, .recommended td { padding: 5px 6px; font-size: 13px; }
  .recommended .name { min-width: 118px; }
}
@media print { body { background: none; } .card, .scroll { break-inside: avoid; } }
)css";

}  // namespace peapod::html
