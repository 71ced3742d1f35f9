//! Integration tests: small trees in the formats of real datasets, and real data where it is there.
mod dataset_checks;
mod dataset_cifar;
mod dataset_folder;
mod dataset_layouts;
mod dataset_masks;
mod dataset_real;
mod dataset_table;
mod dataset_tree;
mod formula;
mod mutated;
mod pixels;
mod pixels_davis;
mod planted;
mod preprocess_golden;
mod resize_golden;
