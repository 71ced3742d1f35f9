//! What `reference/robust_heads.py` writes.

#[derive(serde::Deserialize)]
pub(super) struct Reference {
    pub(super) features: usize,
    pub(super) classes: usize,
    pub(super) groups_count: usize,
    pub(super) parts: usize,
    pub(super) positions: usize,
    pub(super) batch: usize,
    pub(super) rate: f32,
    pub(super) maps: Vec<f32>,
    pub(super) objects: Vec<f32>,
    pub(super) labels: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) soft: Vec<f32>,
    pub(super) balancing: Balancing,
    pub(super) domains: Domain,
    pub(super) twice: Twice,
    pub(super) dro: Vec<DroCase>,
    pub(super) saliency: Vec<SaliencyCase>,
    pub(super) logistic: Vec<Logistic>,
}

#[derive(serde::Deserialize)]
pub(super) struct Balancing {
    pub(super) hard: Vec<f32>,
    pub(super) soft: Vec<f32>,
}

#[derive(serde::Deserialize)]
pub(super) struct DroCase {
    pub(super) name: String,
    pub(super) soft: bool,
    pub(super) eta: f64,
    pub(super) adjustment: f64,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) orders: Vec<Vec<usize>>,
    pub(super) q: Vec<Vec<f32>>,
    #[serde(flatten)]
    pub(super) end: End,
}

#[derive(serde::Deserialize)]
pub(super) struct End {
    pub(super) losses: Vec<f32>,
    pub(super) end: Vec<f32>,
    pub(super) end_bias: Vec<f32>,
}

#[derive(serde::Deserialize)]
pub(super) struct Domain {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) orders: Vec<Vec<usize>>,
    pub(super) heads: Vec<f32>,
    pub(super) biases: Vec<f32>,
    #[serde(flatten)]
    pub(super) end: End,
}

#[derive(serde::Deserialize)]
pub(super) struct Twice {
    pub(super) first: usize,
    pub(super) copies: usize,
    pub(super) epochs: usize,
    pub(super) errors: Vec<usize>,
    #[serde(flatten)]
    pub(super) end: End,
}

#[derive(serde::Deserialize)]
pub(super) struct SaliencyCase {
    pub(super) form: String,
    pub(super) strength: f64,
    pub(super) epochs: usize,
    #[serde(flatten)]
    pub(super) end: End,
}

#[derive(serde::Deserialize)]
pub(super) struct Logistic {
    pub(super) strength: f64,
    pub(super) classes: usize,
    pub(super) objective: f64,
}
