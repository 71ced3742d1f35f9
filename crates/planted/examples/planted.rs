//! Writes a planted world as files and says how fast; or a contact sheet of it.
//!
//! ```text
//! cargo run --release -p rightly-planted --example planted -- WORLD OUT [SEED] [THREADS]
//! cargo run --release -p rightly-planted --example planted -- WORLD SHEET.png [SEED]
//! ```
//! WORLD is a shipped world's name or a TOML file. On a sheet each row is one class of the test
//! split; the outline of the mask is drawn in every second picture.
use rightly_data::{DataError, RgbImage, pixels::encode_png};
use rightly_planted::{Planned, World};
use std::{io::Write, path::Path, time::Instant};

const COLUMNS: usize = 14;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: planted WORLD OUT|SHEET.png [SEED] [THREADS]".into());
    };
    let world = match World::from_file(Path::new(name)) {
        Err(DataError::Io { .. }) => World::shipped(name)?,
        read => read?,
    };
    let seed = rest.first().map_or(Ok(0), |seed| seed.parse())?;
    let plan = world.plan(seed);
    let mut stdout = std::io::stdout();
    if out.ends_with(".png") {
        std::fs::write(out, encode_png(&sheet(&world, &plan.images, seed))?)?;
        return Ok(());
    }
    let threads = rest.get(1).map_or(Ok(1), |threads| threads.parse())?;
    let start = Instant::now();
    for planned in &plan.images {
        std::hint::black_box(world.render(planned, seed));
    }
    let rate = plan.images.len() as f64 / start.elapsed().as_secs_f64();
    writeln!(stdout, "rendering with mask: {rate:.0} images a second on one core")?;
    let start = Instant::now();
    world.write(&plan, Path::new(out), threads, &|_| ())?;
    let rate = plan.images.len() as f64 / start.elapsed().as_secs_f64();
    writeln!(stdout, "to files: {rate:.0} images a second, {threads} threads")?;
    for truth in world.truths(&plan) {
        let n = truth.ids.len();
        writeln!(stdout, "{} {} {} {n} ids", truth.kind, truth.class, truth.value)?;
    }
    let truths: Vec<serde_json::Value> = world
        .truths(&plan)
        .iter()
        .map(|t| {
            serde_json::json!({"kind": t.kind, "class": t.class, "attribute": t.attribute,
                "value": t.value, "strength": t.strength, "ids": t.ids})
        })
        .collect();
    std::fs::write(Path::new(out).join("planted.json"), serde_json::to_vec(&truths)?)?;
    Ok(())
}

fn sheet(world: &World, images: &[Planned], seed: u64) -> RgbImage {
    let (width, height) = world.size();
    let classes = world.classes().len();
    let (cell_w, cell_h) = (width + 2, height + 2);
    let mut sheet = RgbImage {
        width: COLUMNS * cell_w,
        height: classes * cell_h,
        data: vec![255; COLUMNS * cell_w * classes * cell_h * 3],
    };
    let test = world.splits().iter().position(|split| *split == "test").unwrap_or(0);
    for class in 0..classes {
        let of_class =
            images.iter().filter(|image| image.split == test && image.true_class == class);
        for (column, planned) in of_class.take(COLUMNS).enumerate() {
            let scene = world.render(planned, seed);
            for y in 0..height {
                for x in 0..width {
                    let at = |x: usize, y: usize| scene.mask.data[y * width + x];
                    let inside = at(x, y);
                    let rim = inside
                        && (at(x.saturating_sub(1), y) != inside
                            || at((x + 1).min(width - 1), y) != inside
                            || at(x, y.saturating_sub(1)) != inside
                            || at(x, (y + 1).min(height - 1)) != inside);
                    let from = 3 * (y * width + x);
                    let to = 3 * ((class * cell_h + y) * sheet.width + column * cell_w + x);
                    let pixel = &scene.image.data[from..from + 3];
                    let shown = if rim && column % 2 == 1 { &[255, 0, 255] } else { pixel };
                    sheet.data[to..to + 3].copy_from_slice(shown);
                }
            }
        }
    }
    sheet
}
