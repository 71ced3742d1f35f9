//! `rightly data`: what was understood of a dataset, and what is wrong with it.

use std::{collections::BTreeMap, path::Path};

use anyhow::bail;
use rightly::{InputOptions, inputs, picture::Loader};
use rightly_data::{Dataset, Preprocess, Problem, dataset::OpenOptions, files};
use serde_json::json;

use crate::{
    args::{DataArgs, DataFormat},
    options,
    output::{self, visible},
};

pub(crate) fn run(args: &DataArgs) -> anyhow::Result<()> {
    let dataset = Dataset::open(
        &args.data,
        &OpenOptions {
            masks: args.masks.masks.clone(),
            mask_options: options::masks(&args.masks),
            protocol: options::protocol(args.protocol.as_deref())?,
            splits: args.splits.map(Into::into),
            kinds: inputs::KINDS,
            ..OpenOptions::default()
        },
    )?;
    if let Some(path) = &args.preview {
        preview(args, &dataset, path)?;
    }
    let mut problems = dataset.problems.clone();
    if args.read {
        problems.extend(read_all(args, &dataset)?);
    }
    let text = match args.format {
        DataFormat::Json => json(args, &dataset, &problems)?,
        DataFormat::Table => table(args, &dataset, &problems),
    };
    output::print(&text)
}

/// Writes the page of masks over images. Nothing that is not such a page is overwritten.
fn preview(args: &DataArgs, dataset: &Dataset, path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("html")) {
        bail!("--preview {shown}: expected a file name that ends in .html");
    }
    if path.symlink_metadata().is_ok()
        && !rightly_report::is_mask_sheet(&files::read(path, files::LARGE)?)
    {
        bail!(
            "--preview {shown}: the file is there and is no preview; give another name or remove it"
        );
    }
    if dataset.samples.iter().all(|sample| sample.mask.is_none()) {
        bail!(
            "--preview {shown}: no image has a mask, so there is nothing to look at; give --masks DIR"
        );
    }
    let decode = options::decode(&args.decode)?;
    let page = rightly_report::mask_sheet(title(&args.data), dataset, &decode)?;
    files::write_whole(path, page.as_bytes())?;
    Ok(())
}

/// What the data is called, without the folders around it.
fn title(data: &str) -> &str {
    let name = data.trim_end_matches(['/', '\\']).rsplit(['/', '\\', ':']).next();
    name.filter(|name| !name.is_empty()).unwrap_or("the data")
}

/// Decodes every image and mask, as a stage would.
fn read_all(args: &DataArgs, dataset: &Dataset) -> anyhow::Result<Vec<Problem>> {
    let decode = options::decode(&args.decode)?;
    let options = InputOptions {
        as_stored: args.decode.as_stored,
        max_pixels: decode.max_pixels,
        max_bytes: decode.max_bytes,
        background: decode.background,
        ..InputOptions::new("", args.data.clone())
    };
    let preprocess = Preprocess::preset("imagenet").expect("a preset of that name by construction");
    let loader = Loader::new(&options, dataset.mask_options.clone(), preprocess);
    let row = |image: &str, problem: String, action: &str| Problem {
        image: image.to_owned(),
        stage: "data".to_owned(),
        problem,
        action: action.to_owned(),
    };
    let mut problems = Vec::new();
    for sample in &dataset.samples {
        match loader.load(sample) {
            Err(error) => problems.push(row(&sample.id, error.to_string(), "would be left out")),
            Ok(picture) => {
                if let Some(error) = picture.mask_error {
                    problems.push(row(&sample.id, error, "would be used without its mask"));
                }
                for (part, error) in loader.unreadable_parts(sample)? {
                    let error = format!("the mask of the part '{}': {error}", dataset.parts[part]);
                    problems.push(row(&sample.id, error, "would be used without this part"));
                }
            }
        }
    }
    Ok(problems)
}

/// Images of each class and split.
fn counts(dataset: &Dataset) -> BTreeMap<(usize, &str), (usize, usize)> {
    let mut counts: BTreeMap<(usize, &str), (usize, usize)> = BTreeMap::new();
    for sample in &dataset.samples {
        let key = (sample.class, sample.split.as_deref().unwrap_or(""));
        let (images, masks) = counts.entry(key).or_default();
        *images += 1;
        *masks += usize::from(sample.mask.is_some());
    }
    counts
}

fn table(args: &DataArgs, dataset: &Dataset, problems: &[Problem]) -> String {
    let masks = dataset.samples.iter().filter(|s| s.mask.is_some()).count();
    let mut text = format!(
        "{}: {} images of {} classes, {} with a mask\n",
        visible(&args.data),
        dataset.samples.len(),
        dataset.classes.len(),
        masks
    );
    if !dataset.parts.is_empty() {
        text += &format!("parts with masks: {}\n", visible(&dataset.parts.join(", ")));
    }
    if !dataset.attributes.is_empty() {
        text += &format!("attributes: {}\n", visible(&dataset.attributes.join(", ")));
    }
    for note in &dataset.notes {
        text += &format!("{}\n", visible(note));
    }
    let mut rows: Vec<Vec<String>> =
        vec![["class", "split", "images", "masks"].map(str::to_owned).to_vec()];
    for ((class, split), (images, masks)) in counts(dataset) {
        rows.push(vec![
            dataset.classes[class].clone(),
            split.to_owned(),
            images.to_string(),
            masks.to_string(),
        ]);
    }
    text += "\n";
    text += &output::table(&rows);
    if let Some(path) = &args.preview {
        text += &format!("\npreview: {}\n", visible(&path.display().to_string()));
    }
    let unread = if args.read { "" } else { " (no picture or mask was decoded: --read does)" };
    text += &format!("\n{} problems{unread}\n", problems.len());
    for p in problems {
        let problem = format!("{}: {}; {}", p.image, p.problem, p.action);
        text += &format!("  {}\n", visible(&problem));
    }
    text
}

fn json(args: &DataArgs, dataset: &Dataset, problems: &[Problem]) -> anyhow::Result<String> {
    let counts: Vec<_> = counts(dataset)
        .into_iter()
        .map(|((class, split), (images, masks))| {
            json!({
                "class": dataset.classes[class],
                "split": if split.is_empty() { None } else { Some(split) },
                "images": images,
                "masks": masks,
            })
        })
        .collect();
    let value = json!({
        "data": args.data,
        "images": dataset.samples.len(),
        "classes": dataset.classes,
        "attributes": dataset.attributes,
        "counts": counts,
        "notes": dataset.notes,
        "preview": args.preview,
        "problems": problems,
    });
    output::json(&value)
}
