//! `measures/saliency.parquet`, `measures/cam.parquet`, `measures/objects.parquet`,
//! `measures/mean-mask.parquet`: where the evidence and the object are.

use rightly_data::table::Columns;

use super::{each_shard, of_kind};
use crate::{
    Error, Inputs, RunDir,
    evaluate::{
        pipeline::Plan,
        rows::{LayerMap, ObjectRow, Row},
    },
    measures::objects::GRID,
};

pub(super) fn saliency(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut figures = run.table("measures/saliency.parquet");
    let mut maps = run.table("measures/cam.parquet");
    each_shard(inputs, plan, "saliency", |rows| {
        let of_images = of_kind(&rows, |r| match r {
            Row::Saliency(row) => Some(row),
            _ => None,
        });
        let rows: Vec<(&str, u32, &LayerMap)> = of_images
            .iter()
            .flat_map(|(id, row)| row.maps.iter().map(move |map| (*id, row.target, map)))
            .collect();
        // It is a figure of the CAM layer, whose map comes first.
        let overlaps: Vec<Option<f64>> = of_images
            .iter()
            .flat_map(|(_, row)| {
                (0..row.maps.len()).map(|at| row.class_overlap.filter(|_| at == 0))
            })
            .collect();
        let ids = || rows.iter().map(|(id, ..)| *id);
        let targets = || rows.iter().map(|(_, target, _)| i64::from(*target));
        let layers = || rows.iter().map(|(.., r)| &r.layer);
        figures.add(
            &Columns::new()
                .utf8("id", ids())
                .i64("target", targets())
                .utf8("layer", layers())
                .utf8("state", rows.iter().map(|(.., r)| &r.state))
                .f64_opt("iou", rows.iter().map(|(.., r)| r.iou))
                .f64_opt("delta_density", rows.iter().map(|(.., r)| r.delta_density))
                .f64_opt("mass", rows.iter().map(|(.., r)| r.mass))
                .bool_opt("pointing", rows.iter().map(|(.., r)| r.pointing))
                .f64_opt("average_precision", rows.iter().map(|(.., r)| r.average_precision))
                .f64_opt("class_overlap", overlaps.iter().copied())
                .batch()?,
        )?;
        maps.add(
            &Columns::new()
                .utf8("id", ids())
                .i64("target", targets())
                .utf8("layer", layers())
                .i64("height", rows.iter().map(|(.., r)| i64::from(r.height)))
                .i64("width", rows.iter().map(|(.., r)| i64::from(r.width)))
                .list_f32("map", rows.iter().map(|(.., r)| &r.map))
                .batch()?,
        )
    })?;
    figures.finish()?;
    maps.finish()
}

pub(super) fn objects(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    if plan.position("objects").is_none() {
        return Ok(());
    }
    let mut table = run.table("measures/objects.parquet");
    let classes = &inputs.dataset.classes;
    let cells = GRID * GRID;
    let mut sums = vec![(0_i64, vec![0_u64; cells]); classes.len()];
    each_shard(inputs, plan, "objects", |rows| {
        for (sample, entry) in &rows {
            if let Some(Row::Objects(row)) = &entry.row {
                let (n, sum) = &mut sums[sample.class];
                *n += 1;
                sum.iter_mut().zip(&row.grid).for_each(|(s, &g)| *s += u64::from(g));
            }
        }
        let rows: Vec<(&str, &ObjectRow)> = of_kind(&rows, |r| match r {
            Row::Objects(row) => Some(row),
            _ => None,
        });
        table.add(
            &Columns::new()
                .utf8("id", rows.iter().map(|(id, _)| id))
                .f64("share", rows.iter().map(|(_, r)| r.share))
                .f64("share_crop", rows.iter().map(|(_, r)| r.share_crop))
                .f64("share_random_crop", rows.iter().map(|(_, r)| r.share_random_crop))
                .f64("kept", rows.iter().map(|(_, r)| r.kept))
                .f64("distance", rows.iter().map(|(_, r)| r.distance))
                .f64("x", rows.iter().map(|(_, r)| r.centroid[0]))
                .f64("y", rows.iter().map(|(_, r)| r.centroid[1]))
                .batch()?,
        )
    })?;
    table.finish()?;
    let seen = || classes.iter().zip(&sums).filter(|(_, (n, _))| *n > 0);
    let mean = |(n, sum): &(i64, Vec<u64>)| -> Vec<f32> {
        sum.iter().map(|&s| (s as f64 / (255.0 * *n as f64)) as f32).collect()
    };
    let side = GRID as i64;
    let batch = Columns::new()
        .utf8("class", seen().map(|(class, _)| class))
        .i64("n", seen().map(|(_, (n, _))| *n))
        .i64("height", seen().map(|_| side))
        .i64("width", seen().map(|_| side))
        .list_f32("map", seen().map(|(_, s)| mean(s)))
        .batch()?;
    run.write_table("measures/mean-mask.parquet", &batch)
}
