//! What the data set cannot teach, as problems of the inputs and heads that use the columns.
//!
//! The check of a design knows what columns there are and not what is in them; the page adds these to its list.

use mtl_base::text::Explain;
use mtl_data::findings::{Finding, Subject};
use mtl_engine::design::Design;
use mtl_engine::design::check::{Problem, ProblemKind, Severity};

/// A warning for every finding at every input that reads its feature, and every head that learns its label.
pub fn problems(design: &Design, findings: &[Finding]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for node in &design.nodes {
        for finding in findings.iter().filter(|finding| finding.is_problem) {
            let column = match finding.subject {
                Subject::Feature => node.layer.feature(),
                Subject::Label => node.layer.label(),
            };
            if column == Some(&finding.key) {
                problems.push(Problem {
                    kind: ProblemKind::Data {
                        node: node.name.clone(),
                        finding: finding.explain(),
                    },
                    node: Some(node.id),
                    wire: None,
                    severity: Severity::Warning,
                });
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
    use mtl_data::findings::findings;
    use mtl_data::prepare::{DataSettings, prepare};
    use mtl_engine::design::presets;

    use super::*;

    #[test]
    fn a_head_without_labels_and_an_input_without_words_are_warned_about() {
        let mut dataset = generate(&ReviewSettings {
            rows: 300,
            ..ReviewSettings::default()
        });
        let problems_of = |dataset: &_, min_count| {
            let settings = DataSettings {
                min_count,
                ..DataSettings::default()
            };
            let prepared = prepare(dataset, &settings).expect("a data set");
            let design = presets::design("text-towers", &prepared.schema).expect("a preset");
            let found = problems(&design, &findings(&prepared));
            let at = |problem: &Problem| {
                let node = design.nodes.iter().find(|node| Some(node.id) == problem.node);
                node.map(|node| {
                    node.layer
                        .feature()
                        .or(node.layer.label())
                        .unwrap_or_default()
                        .to_owned()
                })
            };
            found
                .iter()
                .map(|problem| (at(problem).expect("a node"), problem.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(problems_of(&dataset, 2), []);
        dataset.labels[1].values.fill(f32::NAN);
        let found = problems_of(&dataset, 2);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].0.as_str(), found[0].1.severity),
            ("sentiment", Severity::Warning)
        );
        let said = found[0].1.explain();
        assert!(said.en.contains("no row is labelled") && said.zh.contains("没有任何行带标签"));
        let found = problems_of(&dataset, 1_000);
        let at: Vec<&str> = found.iter().map(|(column, _)| column.as_str()).collect();
        assert!(at.contains(&"text") && at.contains(&"sentiment"), "{at:?}");
    }
}
