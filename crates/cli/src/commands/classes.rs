//! `rightly classes`: classes whose important features are spurious, from people's votes.

use rightly_data::{
    spreadsheet,
    votes::{VotedClass, read_votes, voted_classes},
};

use crate::{
    args::{ClassesArgs, Format},
    output,
};

pub(crate) fn run(args: &ClassesArgs) -> anyhow::Result<()> {
    let all = voted_classes(&read_votes(&args.votes)?);
    let chosen: Vec<&VotedClass> = all.iter().filter(|c| c.spurious >= args.at_least).collect();
    output::print(&format(&chosen, args.format)?)?;
    if args.format == Format::Table {
        let pairs: usize = chosen.iter().map(|c| c.spurious).sum();
        output::say(&format!(
            "{} of {} classes have at least {} spurious features ({pairs} pairs)",
            chosen.len(),
            all.len(),
            args.at_least
        ));
    }
    Ok(())
}

fn format(classes: &[&VotedClass], format: Format) -> anyhow::Result<String> {
    let index = |c: &VotedClass| c.class_index.map_or(String::new(), |i| i.to_string());
    let row = |c: &&VotedClass| vec![index(c), c.class.clone(), c.spurious.to_string()];
    let head = ["class_index", "wnid", "spurious"];
    Ok(match format {
        Format::Json => {
            let object = |c: &&VotedClass| serde_json::json!({"class_index": c.class_index, "wnid": c.class, "spurious": c.spurious});
            output::json(&classes.iter().map(object).collect::<Vec<_>>())?
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(head)?;
            for row in classes.iter().map(row) {
                writer.write_record(row.iter().map(|text| spreadsheet::cell(text).into_owned()))?;
            }
            String::from_utf8(writer.into_inner()?)?
        }
        Format::Table => {
            let mut rows = vec![head.map(str::to_owned).to_vec()];
            rows.extend(classes.iter().map(row));
            output::table(&rows)
        }
    })
}
