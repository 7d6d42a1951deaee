//! Styles for tones. Meaning never hangs on colour: words, bold and reverse say the same.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Settings;
use crate::app::text::Tone;
use crate::estate::Severity;

/// Colours of one theme; `None` leaves the terminal's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    pub name: &'static str,
    pub background: Option<u32>,
    pub text: Option<u32>,
    pub dim: Option<u32>,
    pub critical: Option<u32>,
    pub high: Option<u32>,
    pub medium: Option<u32>,
    pub low: Option<u32>,
    pub good: Option<u32>,
    pub unknown: Option<u32>,
}

macro_rules! palettes {
    ($($name:literal $background:literal $text:literal $dim:literal $critical:literal $high:literal $medium:literal $low:literal $good:literal $unknown:literal;)*) => {
        /// The themes of 24-bit colours; each text reaches a contrast of 4.5 to 1 (a test holds them to it).
        pub const PALETTES: &[Palette] = &[$(Palette {
            name: $name,
            background: Some($background),
            text: Some($text),
            dim: Some($dim),
            critical: Some($critical),
            high: Some($high),
            medium: Some($medium),
            low: Some($low),
            good: Some($good),
            unknown: Some($unknown),
        },)*];
    };
}

// The cvd themes use the colours of Okabe and Ito, which stay apart under the common colour vision deficiencies.
palettes! {
    "dark"          0x16181d 0xd8dee9 0x9aa5b5 0xe48cf0 0xff7b72 0xe5c07b 0x6cc7d6 0x8fce8f 0xc0a8e8;
    "light"         0xfbfbf8 0x22262e 0x5a6270 0x8a1a9c 0xb3261e 0x7a5600 0x0b6478 0x1f6b2e 0x5b3f9e;
    "high-contrast" 0x000000 0xffffff 0xd0d0d0 0xff9cff 0xff8f8f 0xffe066 0x7df0ff 0x9dff9d 0xd9c8ff;
    "cvd-dark"      0x14161a 0xe6e6e6 0xa8adb8 0xcc79a7 0xe69f00 0xf0e442 0x56b4e9 0x2fc79a 0xb8b0d8;
    "cvd-light"     0xffffff 0x1c1f24 0x59606c 0x8d3f6b 0x9a4a00 0x6b6000 0x00588f 0x00694a 0x584f8a;
}

/// How tones look on this terminal.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Mono,
    /// The sixteen colours of the terminal, nothing painted behind them.
    Terminal,
    Palette(Palette),
}

impl Theme {
    /// A theme of 24-bit colours falls back to the terminal's sixteen where those are not taken.
    pub fn new(settings: &Settings, name: &str) -> Theme {
        let palette = PALETTES.iter().find(|palette| palette.name == name);
        let kind = match palette {
            _ if !settings.color || name == "mono" => Kind::Mono,
            Some(palette) if settings.true_color => Kind::Palette(*palette),
            _ => Kind::Terminal,
        };
        Theme { kind }
    }

    /// What everything stands on.
    pub fn base(&self) -> Style {
        match self.kind {
            Kind::Palette(palette) => Style::new().fg(rgb(palette.text)).bg(rgb(palette.background)),
            Kind::Mono | Kind::Terminal => Style::new(),
        }
    }

    pub fn selected(&self, style: Style) -> Style {
        style.add_modifier(Modifier::REVERSED)
    }

    pub fn style(&self, tone: Tone) -> Style {
        let base = self.base();
        let (bold, color) = match tone {
            Tone::Plain => return base,
            Tone::Strong => return base.add_modifier(Modifier::BOLD),
            Tone::Dim => return self.dim(base),
            Tone::Severity(severity) => return self.severity(base, severity),
            Tone::Good => (false, self.pick(|palette| palette.good, Color::Green)),
            Tone::Bad => (true, self.pick(|palette| palette.high, Color::Red)),
            Tone::Unknown => (false, self.pick(|palette| palette.unknown, Color::Magenta)),
        };
        let style = if bold { base.add_modifier(Modifier::BOLD) } else { base };
        match (color, tone) {
            (Some(color), _) => style.fg(color),
            (None, Tone::Unknown) => style.add_modifier(Modifier::ITALIC),
            (None, _) => style,
        }
    }

    fn pick(&self, of: impl Fn(&Palette) -> Option<u32>, terminal: Color) -> Option<Color> {
        match &self.kind {
            Kind::Mono => None,
            Kind::Terminal => Some(terminal),
            Kind::Palette(palette) => Some(rgb(of(palette))),
        }
    }

    fn dim(&self, base: Style) -> Style {
        match self.kind {
            Kind::Palette(palette) => base.fg(rgb(palette.dim)),
            Kind::Mono | Kind::Terminal => base.add_modifier(Modifier::DIM),
        }
    }

    fn severity(&self, base: Style, severity: Severity) -> Style {
        let color = match severity {
            Severity::Critical => self.pick(|palette| palette.critical, Color::Magenta),
            Severity::High => self.pick(|palette| palette.high, Color::Red),
            Severity::Medium => self.pick(|palette| palette.medium, Color::Yellow),
            Severity::Low => self.pick(|palette| palette.low, Color::Cyan),
            Severity::Info => return self.dim(base),
        };
        match (color, severity) {
            (Some(color), Severity::Critical) => base.fg(color).add_modifier(Modifier::BOLD),
            (Some(color), _) => base.fg(color),
            (None, Severity::Critical) => base.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            (None, Severity::High) => base.add_modifier(Modifier::BOLD),
            (None, Severity::Medium) => base,
            (None, Severity::Low | Severity::Info) => base.add_modifier(Modifier::DIM),
        }
    }
}

fn rgb(color: Option<u32>) -> Color {
    let [_, red, green, blue] = color.unwrap_or_default().to_be_bytes();
    Color::Rgb(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::theme::THEMES;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(color: u32) -> f64 {
        let channel = |at: u32| {
            let value = f64::from((color >> at) & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    #[test]
    fn every_text_has_a_contrast_of_four_and_a_half() {
        for palette in PALETTES {
            let background = luminance(palette.background.expect("painted"));
            for color in [
                palette.text,
                palette.dim,
                palette.critical,
                palette.high,
                palette.medium,
                palette.low,
                palette.good,
                palette.unknown,
            ] {
                let text = luminance(color.expect("painted"));
                let contrast = (text.max(background) + 0.05) / (text.min(background) + 0.05);
                assert!(contrast >= 4.5, "{} {color:06x?} {contrast:.2}", palette.name);
            }
        }
    }

    #[test]
    fn every_named_theme_is_drawn() {
        for name in THEMES {
            let known = ["terminal", "mono"].contains(&name) || PALETTES.iter().any(|palette| palette.name == name);
            assert!(known, "{name}");
        }
    }

    #[test]
    fn without_colour_bold_and_reverse_stay() {
        let settings = Settings { color: false, ..Settings::default() };
        let theme = Theme::new(&settings, "dark");
        let style = theme.selected(theme.style(Tone::Severity(Severity::Critical)));
        assert_eq!((style.fg, style.bg), (None, None));
        assert!(style.add_modifier.contains(Modifier::BOLD | Modifier::REVERSED));
    }
}
