//! `target/bench.svg`: CPU per request as bars, with whiskers for the 95 % interval, one scale per load.

use std::fmt::Write;

use crate::report::Row;

const WIDTH: f64 = 860.0;
/// Where bars start, and how long the longest end of a whisker may be; what is right of it is for the figure.
const LEFT: f64 = 180.0;
const LONGEST: f64 = 420.0;
const BAR: f64 = 22.0;
const TITLE: f64 = 30.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.note{fill:#59636e}\
    rect{fill:#8c959f}rect.ours{fill:#0969da}path{stroke:#1f2328;stroke-width:1.5;fill:none}\
    .back{fill:#ffffff}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}rect{fill:#656c76}\
    rect.ours{fill:#4493f8}path{stroke:#e6edf3}.back{fill:#0d1117}}";

pub fn draw(rows: &[Row]) -> String {
    let (mut body, mut y) = (String::new(), 44.0);
    for group in rows.chunk_by(|one, next| one.load == next.load) {
        y += TITLE;
        let _ = writeln!(body, r#"<text class="title" x="16" y="{:.0}">{}</text>"#, y - 8.0, escape(&group[0].load));
        let most = group.iter().map(|row| row.cpu.high).fold(f64::MIN_POSITIVE, f64::max);
        for row in group {
            let [median, low, high] = [row.cpu.median, row.cpu.low, row.cpu.high].map(|value| value / most * LONGEST);
            let class = if row.server.starts_with("roadrunner") { r#" class="ours""# } else { "" };
            let middle = y + BAR / 2.0;
            let _ = writeln!(
                body,
                r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{}</text><rect{class} x="{LEFT}" y="{:.0}" width="{median:.1}" height="{:.0}" rx="2"/><path d="M{:.1} {middle}H{:.1}M{:.1} {:.0}v8M{:.1} {:.0}v8"/><text x="{:.0}" y="{:.0}">{:.2} µs <tspan class="note">[{:.2}, {:.2}]</tspan></text>"#,
                LEFT - 10.0,
                middle + 5.0,
                escape(&row.server),
                y + 3.0,
                BAR - 6.0,
                LEFT + low,
                LEFT + high,
                LEFT + low,
                middle - 4.0,
                LEFT + high,
                middle - 4.0,
                LEFT + high + 10.0,
                middle + 5.0,
                row.cpu.median,
                row.cpu.low,
                row.cpu.high
            );
            y += BAR;
        }
    }
    let height = y + 16.0;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"><style>{STYLE}</style>
<rect class="back" width="100%" height="100%"/>
<text class="title" x="16" y="28">CPU per request of the whole server, µs: median and 95 % interval</text>
{body}</svg>
"#
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
