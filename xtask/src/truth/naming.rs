//! What was found, in words: whether titles hold the planted word and are true of their pictures, with captions as they are,
//! with captions of which a part belongs to other images, and with the pictures alone; and whether groups of nothing get a name.
//! What is found and what is named right are counted apart.

use std::{collections::BTreeMap, fs};

use rand::seq::SliceRandom;
use rightly::{Finding, RunDir, planted_truth::compare};
use rightly_data::table::{Columns, Table, write};
use rightly_planted::towers;
use rightly_stats::rng::keyed;

use super::{
    titles::{self, TRUE, Titles},
    world::{Plain, Planter, World},
};

/// Where discovery leaves its groups.
const GROUPS: &str = "discover/groups.parquet";
/// Share of the images whose captions are dealt anew.
const WRONG: f64 = 0.3;

/// Truths found, those whose finding has a word in its title, those that have the planted one; and titles of all findings.
#[derive(Clone, Copy, Default)]
struct Named {
    planted: usize,
    found: usize,
    named: usize,
    titled: usize,
    titles: Titles,
}

impl std::ops::AddAssign for Named {
    fn add_assign(&mut self, other: Self) {
        self.planted += other.planted;
        self.titles += other.titles;
        self.found += other.found;
        self.named += other.named;
        self.titled += other.titled;
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} of {} | {} ({} have words) | {}",
            self.found, self.planted, self.named, self.titled, self.titles
        )
    }
}

pub(crate) fn exam(planter: &Planter, worlds: &[String], seeds: u64) -> anyhow::Result<()> {
    println!(
        "Names: truths found, those named right (the title has the planted word), titles that are true of at least {TRUE} of their \
         images; with captions, with {:.0} % of the captions of other images, with pictures alone; groups dealt anew that get a \
         name. Titles that are not true come first.\n\n\
         | world | seed | found | named right | true titles | wrong captions: found | named right | true titles | pictures: found | \
         named right | true titles | groups of nothing |\n|---|---|---|---|---|---|---|---|---|---|---|---|",
        100.0 * WRONG
    );
    let mut sums = BTreeMap::<&str, ([Named; 3], (usize, usize))>::new();
    for name in worlds {
        for seed in 0..seeds {
            let world = planter.plant(name, seed, Plain::No)?;
            let own = of(&world, &world.findings, &world.run, "captions")?;
            let (mut wrong, mut pictures) = (Named::default(), Named::default());
            if !world.truths.is_empty() {
                let (run, found) = planter.named_by_wrong_captions(&world)?;
                wrong = of(&world, &found, &run, "wrong captions")?;
                let (run, found) = planter.named_by_pictures(&world)?;
                pictures = of(&world, &found, &run, "pictures")?;
            }
            let nothing = planter.named_of_nothing(&world)?;
            println!(
                "| {name} | {seed} | {own} | {wrong} | {pictures} | {} of {} |",
                nothing.0, nothing.1
            );
            let sum = sums.entry(name).or_default();
            sum.0.iter_mut().zip([own, wrong, pictures]).for_each(|(sum, one)| *sum += one);
            sum.1 = (sum.1.0 + nothing.0, sum.1.1 + nothing.1);
        }
    }
    for (name, ([own, wrong, pictures], nothing)) in sums {
        println!(
            "| {name} | all | {own} | {wrong} | {pictures} | {} of {} |",
            nothing.0, nothing.1
        );
    }
    println!();
    Ok(())
}

fn of(world: &World, findings: &[Finding], run: &RunDir, what: &str) -> anyhow::Result<Named> {
    let verdict = compare(&world.truths, findings, |class| world.of_class(class));
    let mut out = Named {
        planted: world.truths.len(),
        titles: titles::of(world, findings, run, what)?,
        ..Named::default()
    };
    for hit in &verdict.found {
        let (Some(truth), Some(finding)) = (&hit.truth, &hit.finding) else { continue };
        let title = finding.title.to_lowercase();
        let words = || title.split(|c: char| !c.is_alphanumeric() && c != '-');
        out.found += 1;
        out.named += usize::from(words().any(|word| word == truth.value));
        let plain = ["fails on a subgroup", "leans on a cue that is not"];
        out.titled += usize::from(!plain.iter().any(|p| title.contains(p)));
    }
    Ok(out)
}

impl Planter {
    /// Subgroups of the world's images where some images have the captions of other images.
    fn named_by_wrong_captions(&self, world: &World) -> anyhow::Result<(RunDir, Vec<Finding>)> {
        let data = world.folder.join("data/wrong-captions.parquet");
        let samples = &world.dataset.samples;
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut rng = keyed(world.seed, "wrong captions", &world.name, 0);
        order.shuffle(&mut rng);
        order.truncate((WRONG * samples.len() as f64).round() as usize);
        let mut from: Vec<usize> = (0..samples.len()).collect();
        let mut lent = order.clone();
        lent.shuffle(&mut rng);
        order.iter().zip(lent).for_each(|(&to, other)| from[to] = other);
        let captions: Vec<String> = from
            .iter()
            .map(|&at| serde_json::to_string(&samples[at].captions))
            .collect::<Result<_, _>>()?;
        write(&data, &plain(world).utf8("caption", &captions).batch()?)?;
        let run = world.folder.join("methods/wrong-captions");
        self.interpret(world, &data.display().to_string(), &run, None)?;
        let run = RunDir::open(&run)?;
        let found = run.findings()?;
        Ok((run, found))
    }

    /// Subgroups of the world's images, without a caption or an attribute: named by the image-text model that comes with the
    /// program.
    fn named_by_pictures(&self, world: &World) -> anyhow::Result<(RunDir, Vec<Finding>)> {
        let data = world.folder.join("data/pictures.parquet");
        write(&data, &plain(world).batch()?)?;
        let run = world.folder.join("methods/pictures");
        let towers = towers::write(&world.folder.join("image-text"))?;
        self.interpret(world, &data.display().to_string(), &run, Some(&towers))?;
        let run = RunDir::open(&run)?;
        let found = run.findings()?;
        Ok((run, found))
    }

    /// Groups that get a name, and all of them, where every image of a class lies in a group that was drawn for it.
    fn named_of_nothing(&self, world: &World) -> anyhow::Result<(usize, usize)> {
        let run = world.folder.join("methods/groups-of-nothing");
        if run.is_dir() {
            fs::remove_dir_all(&run)?;
        }
        let own = RunDir::new(&run);
        for file in ["run.toml", ".work/stages/discover.json", GROUPS] {
            own.adopt(&world.run, file)?;
        }
        let all = deal(&own, world.seed)?;
        let towers = towers::write(&world.folder.join("image-text"))?;
        self.interpret(world, &world.table(), &run, Some(&towers))?;
        let names = Table::load(&run.join("interpret/names.parquet"))?;
        let titles = names.texts("title")?;
        Ok((titles.iter().flatten().count(), all))
    }
}

/// The world's table without captions.
fn plain(world: &World) -> Columns {
    let samples = &world.dataset.samples;
    Columns::new()
        .utf8("image", samples.iter().map(|s| s.id.as_str()))
        .utf8("class", samples.iter().map(|s| world.dataset.classes[s.class].as_str()))
        .utf8_opt("split", samples.iter().map(|s| s.split.as_deref()))
}

/// Writes the groups of a run with their members dealt anew within each class, method and part; returns how many groups
/// there are.
fn deal(run: &RunDir, seed: u64) -> anyhow::Result<usize> {
    let table = Table::load(&run.checked(GROUPS)?)?;
    let text = |name: &str| table.texts(name);
    let (id, class, method, part) = (text("id")?, text("class")?, text("method")?, text("part")?);
    let mut group = table.integers("group")?;
    let mut rows = BTreeMap::<_, Vec<usize>>::new();
    for row in 0..id.len() {
        let key = (class[row].clone(), method[row].clone(), part[row].clone());
        rows.entry(key).or_default().push(row);
    }
    let mut groups = 0;
    for (key, rows) in rows {
        let mut dealt: Vec<Option<i64>> = rows.iter().map(|&row| group[row]).collect();
        if key.2.as_deref() == Some("confirm") {
            groups += dealt.iter().flatten().max().copied().unwrap_or(0) as usize;
        }
        dealt.shuffle(&mut keyed(seed, "groups of nothing", &format!("{key:?}"), 0));
        rows.iter().zip(dealt).for_each(|(&row, own)| group[row] = own);
    }
    let batch = Columns::new()
        .utf8_opt("id", id.iter().map(Option::as_deref))
        .utf8_opt("class", class.iter().map(Option::as_deref))
        .utf8_opt("method", method.iter().map(Option::as_deref))
        .i64_opt("group", group)
        .list_f32("soft", id.iter().map(|_| [0.0_f32; 0]))
        .utf8_opt("part", part.iter().map(Option::as_deref))
        .f64_opt("strength", table.floats("strength")?)
        .f64_opt("x", table.floats("x")?)
        .f64_opt("y", table.floats("y")?)
        .batch()?;
    run.write_table(GROUPS, &batch)?;
    Ok(groups)
}
