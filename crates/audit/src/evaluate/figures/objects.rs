//! Size and place of the objects.

use super::metric_rows::MetricRows;
use crate::evaluate::columns::Columns;

const NAMES: [&str; 5] = [
    "object-share",
    "object-share-crop",
    "object-share-random-crop",
    "object-kept",
    "object-distance",
];

pub(super) fn compute(board: &mut MetricRows<'_>, columns: &Columns) {
    if columns.objects.iter().all(Option::is_none) {
        return;
    }
    for (at, name) in NAMES.into_iter().enumerate() {
        let values: Vec<_> = columns.objects.iter().map(|o| o.map(|o| o.values[at])).collect();
        board.add_mean(name, None, &values, (0.0, 1.0));
    }
}
