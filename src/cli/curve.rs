//! `earlybrd openings curve`: what other thresholds would do to the labelled pairs, as a picture.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use serde::Deserialize;

use super::output::{self, complain};
use crate::domain::posting::Posting;
use crate::normalize::fingerprint::{Fingerprint, Shown, THRESHOLD, in_window, score};

/// Steps of the threshold.
const STEPS: u32 = 200;
const SIZE: (u32, u32) = (760, 430);
/// One colour a file.
const COLOURS: [RGBColor; 2] = [RGBColor(0, 90, 181), RGBColor(200, 60, 20)];

/// A line of a file of labelled pairs.
#[derive(Deserialize)]
struct Pair {
    same: bool,
    a: Posting,
    b: Posting,
}

/// A labelled pair, and how the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Scored {
    /// What a person says.
    pub same: bool,
    pub score: f64,
}

/// Reads a file of labelled pairs: `{"same": true, "a": {posting}, "b": {posting}}` a line.
pub fn read(path: &Path) -> anyhow::Result<Vec<Scored>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let scored = (1..).zip(text.lines()).map(|(number, line)| {
        let pair: Pair = serde_json::from_str(line)
            .with_context(|| format!("{}: line {number}", path.display()))?;
        let [a, b] = [&pair.a, &pair.b].map(|posting| Fingerprint::of(&Shown::from(posting)));
        let score = if in_window(&a, &b) { score(&a, &b) } else { 0.0 };
        Ok(Scored { same: pair.same, score })
    });
    scored.collect()
}

/// Precision and recall if pairs from this score on were one opening.
pub fn at(pairs: &[Scored], threshold: f64) -> (f64, f64) {
    let count = |same: bool, told: bool| {
        let found =
            pairs.iter().filter(|pair| pair.same == same && (pair.score >= threshold) == told);
        f64::from(u32::try_from(found.count()).unwrap_or(u32::MAX))
    };
    let right = count(true, true);
    let share =
        |wrong: f64| if right > 0.0 { right / (right + wrong) } else { 1.0 - wrong.min(1.0) };
    (share(count(false, true)), share(count(true, false)))
}

/// Prints the picture, and the figures at the threshold for the person at the terminal.
pub fn run(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    for file in files {
        let (name, pairs) = (file.display(), read(file)?);
        let (precision, recall) = at(&pairs, THRESHOLD);
        complain(&format!(
            "{name}: {} pairs, at {THRESHOLD}: precision {precision:.4}, recall {recall:.4}",
            pairs.len()
        ));
    }
    output::line(&picture(files)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The picture as SVG.
pub fn picture(files: &[PathBuf]) -> anyhow::Result<String> {
    let sets = files.iter().map(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().replace('_', " ");
        Ok((name, read(file)?))
    });
    let sets: Vec<(String, Vec<Scored>)> = sets.collect::<anyhow::Result<_>>()?;
    let mut picture = String::new();
    draw(&mut picture, &sets).map_err(|error| anyhow!("cannot draw: {error}"))?;
    Ok(picture.trim_end().to_owned())
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(picture: &mut String, sets: &[(String, Vec<Scored>)]) -> Drawn {
    let root = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "One opening or two, by the score from which on pairs are joined",
            ("sans-serif", 18),
        )
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, 0.4..1.005)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("threshold")
        .y_desc("share")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    for ((name, pairs), colour) in sets.iter().zip(COLOURS) {
        draw_set(&mut chart, name, pairs, colour)?;
    }
    let line = [(THRESHOLD, 0.4), (THRESHOLD, 1.0)];
    chart
        .draw_series(LineSeries::new(line, BLACK.mix(0.6).stroke_width(1)))?
        .label(format!("the threshold, {THRESHOLD}"))
        .legend(|(x, y)| PathElement::new([(x + 11, y - 6), (x + 11, y + 6)], BLACK.mix(0.6)));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .margin(16)
        .legend_area_size(30)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 14))
        .draw()?;
    root.present()?;
    Ok(())
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Both lines of one file.
fn draw_set(chart: &mut Chart<'_, '_>, name: &str, pairs: &[Scored], colour: RGBColor) -> Drawn {
    let points = |of: fn((f64, f64)) -> f64| {
        let steps = (0..=STEPS).map(|step| f64::from(step) / f64::from(STEPS));
        steps.map(move |threshold| (threshold, of(at(pairs, threshold)))).collect::<Vec<_>>()
    };
    let (thick, thin) = (colour.stroke_width(3), colour.stroke_width(2));
    let precision = LineSeries::new(points(|(precision, _)| precision), thick);
    chart
        .draw_series(precision)?
        .label(format!("precision, {name}"))
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], thick));
    let recall = DashedLineSeries::new(points(|(_, recall)| recall), 6, 4, thin);
    chart
        .draw_series(recall)?
        .label(format!("recall, {name}"))
        .legend(move |(x, y)| DashedPathElement::new([(x, y), (x + 22, y)], 6, 4, thin));
    Ok(())
}
