//! Names of edits for the history: "connect Dense 2 → ad".

use std::collections::BTreeSet;

use super::edit::Edit;
use super::{Design, Port};
use mtl_base::NodeId;
use mtl_base::settings::{Settings, Value};
use mtl_base::text::Message;

impl Edit {
    /// What the edit does, for the history ("connect Dense 2 → ad"); `design` is the design before it.
    pub fn describe(&self, design: &Design) -> Message {
        let name = |id: NodeId| {
            design
                .node(id)
                .map_or_else(|| id.0.to_string(), |node| node.name.clone())
        };
        let names = |ids: &BTreeSet<NodeId>| match (ids.len(), ids.first()) {
            (1, Some(id)) => Message::new(name(*id), name(*id)),
            (n, _) => Message::new(format!("{n} nodes"), format!("{n} 个节点")),
        };
        let block = |index: usize| {
            design
                .blocks
                .get(index)
                .map_or_else(String::new, |block| block.name.clone())
        };
        let both =
            |en: &str, zh: &str, what: String| Message::new(format!("{en} {what}"), format!("{zh} {what}"));
        let set = |en: &str, zh: &str, ids: &BTreeSet<NodeId>| {
            let what = names(ids);
            Message::new(format!("{en} {}", what.en), format!("{zh} {}", what.zh))
        };
        let arrow = |from: Port, to: Port| format!("{} → {}", name(from.node), name(to.node));
        match self {
            Self::AddNode { node } => both("add", "添加", node.name.clone()),
            Self::RemoveNodes { nodes } => set("delete", "删除", nodes),
            Self::Connect { wire } => both("connect", "连接", arrow(wire.from, wire.to)),
            Self::Disconnect { wires } => match design.wires.iter().find(|wire| wires.contains(&wire.id)) {
                Some(wire) if wires.len() == 1 => both("disconnect", "断开", arrow(wire.from, wire.to)),
                _ => Message::new(
                    format!("disconnect {} wires", wires.len()),
                    format!("断开 {} 条连线", wires.len()),
                ),
            },
            Self::Reroute { from, to, .. } => both("reconnect", "改接", arrow(*from, *to)),
            Self::SetSetting { node, key, value } => {
                let label = design
                    .node(*node)
                    .and_then(|node| node.layer.fields().iter().find(|field| field.key == key))
                    .map_or_else(|| Message::new(key, key), |field| field.label.into());
                let name = name(*node);
                match value {
                    Value::Flag(is_on) => {
                        let (en, zh) = if *is_on {
                            ("turn on", "打开")
                        } else {
                            ("turn off", "关闭")
                        };
                        Message::new(
                            format!("{en} {} of {name}", label.en),
                            format!("{zh} {name} 的{}", label.zh),
                        )
                    }
                    _ => Message::new(
                        format!("set {} of {name} to {value}", label.en),
                        format!("将 {name} 的{}设为 {value}", label.zh),
                    ),
                }
            }
            Self::Replace { node, layer } => Message::new(
                format!("replace {} with {}", name(*node), layer.name().en),
                format!("将 {} 换成{}", name(*node), layer.name().zh),
            ),
            Self::Rename { node, name: new } => Message::new(
                format!("rename {} to {new}", name(*node)),
                format!("将 {} 改名为 {new}", name(*node)),
            ),
            Self::Move { positions } => set(
                "move",
                "移动",
                &BTreeSet::from_iter(positions.iter().map(|(id, _)| *id)),
            ),
            Self::Freeze { nodes, frozen: true } => set("freeze", "冻结", nodes),
            Self::Freeze { nodes, frozen: false } => set("unfreeze", "解冻", nodes),
            Self::Group { name, .. } => both("group", "编组", name.clone()),
            Self::Ungroup { block: index } => both("ungroup", "解散分组", block(*index)),
            Self::RenameBlock { name, .. } => both("rename block to", "分组改名为", name.clone()),
            Self::FoldBlock {
                block: index,
                folded: true,
            } => both("fold", "折叠", block(*index)),
            Self::FoldBlock {
                block: index,
                folded: false,
            } => both("unfold", "展开", block(*index)),
            Self::AddNote { .. } => Message::new("add a comment", "添加注释"),
            Self::WriteNote { .. } => Message::new("edit a comment", "编辑注释"),
            Self::PlaceNote { .. } => Message::new("move a comment", "移动注释"),
            Self::RemoveNote { .. } => Message::new("delete a comment", "删除注释"),
            Self::SetTie { a, b, .. } => both("soft-share", "软共享", format!("{} ~ {}", name(*a), name(*b))),
            Self::RemoveTie { a, b } => both(
                "stop soft-sharing",
                "解除软共享",
                format!("{} ~ {}", name(*a), name(*b)),
            ),
            Self::RenameDesign { name } => both("rename the design to", "设计改名为", name.clone()),
        }
    }
}
