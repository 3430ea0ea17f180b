//! Settings of preparing a data set.

use std::collections::BTreeMap;

mtl_base::settings! {
    /// Settings of the preparation.
    pub struct DataSettings {
        /// Tokens per text.
        max_tokens: usize = 64, Int { min: 1, max: 512, step: 8 },
            ["Tokens per text", "每条文本的词元数"],
            ["Longer texts are truncated, shorter ones are padded.", "较长的文本从末尾截断，较短的填充。"];
        /// Largest size of the vocabulary.
        vocabulary_size: usize = 8_000, Int { min: 3, max: 100_000, step: 1_000 },
            ["Vocabulary size", "词表大小"],
            ["The most frequent tokens of the training set, including padding and unknown.",
             "训练集中最常见的词元，含填充与未知两项。"];
        /// Rarer tokens are unknown.
        min_count: usize = 2, Int { min: 1, max: 1_000, step: 1 },
            ["Minimum count", "最小词频"],
            ["Tokens that occur less often in the training set count as unknown.", "在训练集中出现次数更少的词元视为未知。"];
        /// Share of validation rows.
        validation: f32 = 0.1, Real { min: 0.01, max: 0.45, step: 0.01 },
            ["Validation share", "验证集比例"],
            ["Share of rows used for evaluation during training.", "训练过程中用于评估的行的比例。"];
        /// Share of test rows.
        test: f32 = 0.1, Real { min: 0.01, max: 0.45, step: 0.01 },
            ["Test share", "测试集比例"],
            ["Share of rows that only “Evaluate on test” uses.", "只有“在测试集上评估”才会用到的行的比例。"];
        /// Label by which the splits are stratified.
        stratify: String = String::new(), Label,
            ["Stratify by", "分层依据"],
            ["Every split has the same shares of the classes of this label; empty: the first label with classes.",
             "各部分中该标签的类别比例相同；留空则取第一个有类别的标签。"];
        /// Share of the training rows whose label is used, by label.
        labels_used: BTreeMap<String, f32> = BTreeMap::new(), LabelShares,
            ["Labels used", "使用的标签"],
            ["Share of the labelled training rows that is used for each label, drawn by the seed: a task with few labels can benefit \
              from a task with many. The labels of the validation and test sets do not change.",
             "每个标签用于训练的已标注行比例，按种子抽取：标签少的任务可以从标签多的任务中受益。验证集和测试集的标签不变。"];
        /// Whether a missing label counts as 0 in training.
        missing_as_zero: bool = false, Flag,
            ["Missing labels count as 0", "缺失视为 0"],
            ["A counter-example: training rows without a label are used as if it were 0 (the first class, no), \
              instead of being left out of that task's loss.",
             "反例：训练集中没有标签的行按 0（第一个类别、否）参与训练，而不是从该任务的损失中排除。"];
        /// Seed of the split.
        seed: usize = 1, Int { min: 0, max: 4_294_967_295, step: 1 },
            ["Split seed", "划分种子"],
            ["Same seed, same split and same labels used.", "种子相同，划分与使用的标签相同。"];
    }
}
