//! Who makes and who reads each value.
use super::node::Node;
use super::proto::GraphProto;
use std::collections::HashMap;

/// Who makes and who reads each value of a graph.
#[derive(Debug)]
pub struct Index<'a> {
    graph: &'a GraphProto,
    makers: HashMap<&'a str, usize>,
    readers: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(graph: &'a GraphProto) -> Self {
        let mut makers = HashMap::new();
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, proto) in graph.node.iter().enumerate() {
            for name in proto.output.iter().filter(|name| !name.is_empty()) {
                makers.insert(name.as_str(), index);
            }
            for name in Node::new(index, proto).reads() {
                let list = readers.entry(name).or_default();
                if list.last() != Some(&index) {
                    list.push(index);
                }
            }
        }
        Self { graph, makers, readers }
    }

    /// A node by its place.
    #[must_use]
    pub fn node(&self, index: usize) -> Node<'a> {
        Node::new(index, &self.graph.node[index])
    }

    /// The node that makes a value; `None` for inputs and weights.
    #[must_use]
    pub fn maker(&self, value: &str) -> Option<Node<'a>> {
        self.makers.get(value).map(|&index| self.node(index))
    }

    /// The nodes that read a value, in order.
    #[must_use]
    pub fn readers(&self, value: &str) -> Vec<Node<'a>> {
        self.readers.get(value).into_iter().flatten().map(|&index| self.node(index)).collect()
    }
}
