//! The list of metrics: names, formulas, direction, and the tasks that each applies to.

use mtl_base::schema::LabelKind;
use mtl_base::text::Text;

mtl_base::choice! {
    /// A metric. Its key is the name in files and in scripts.
    pub enum Metric {
        /// Share of rows whose predicted class is right.
        Accuracy = "accuracy", ["Accuracy", "准确率"];
        /// Mean recall over the classes with a row.
        BalancedAccuracy = "balanced_accuracy", ["Balanced accuracy", "平衡准确率"];
        /// Of the rows predicted positive, the share that is.
        Precision = "precision", ["Precision", "精确率"];
        /// Of the positive rows, the share that was predicted.
        Recall = "recall", ["Recall", "召回率"];
        /// Harmonic mean of precision and recall.
        F1 = "f1", ["F1", "F1"];
        /// Mean precision over classes.
        PrecisionMacro = "precision_macro", ["Precision (macro)", "精确率（宏平均）"];
        /// Mean recall over classes.
        RecallMacro = "recall_macro", ["Recall (macro)", "召回率（宏平均）"];
        /// Mean F1 over classes.
        F1Macro = "f1_macro", ["F1 (macro)", "F1（宏平均）"];
        /// Precision of all classes' decisions together.
        PrecisionMicro = "precision_micro", ["Precision (micro)", "精确率（微平均）"];
        /// Recall of all classes' decisions together.
        RecallMicro = "recall_micro", ["Recall (micro)", "召回率（微平均）"];
        /// F1 of all classes' decisions together.
        F1Micro = "f1_micro", ["F1 (micro)", "F1（微平均）"];
        /// Mean precision, classes weighted by their rows.
        PrecisionWeighted = "precision_weighted", ["Precision (weighted)", "精确率（加权平均）"];
        /// Mean recall, classes weighted by their rows.
        RecallWeighted = "recall_weighted", ["Recall (weighted)", "召回率（加权平均）"];
        /// Mean F1, classes weighted by their rows.
        F1Weighted = "f1_weighted", ["F1 (weighted)", "F1（加权平均）"];
        /// Area under the ROC curve.
        Auc = "auc", ["ROC-AUC", "ROC-AUC"];
        /// Area under the precision-recall curve.
        AveragePrecision = "average_precision", ["Average precision (AP)", "平均精度（AP）"];
        /// Mean negative log-likelihood.
        LogLoss = "log_loss", ["Log-loss", "对数损失"];
        /// Mean squared error of the probabilities.
        Brier = "brier", ["Brier score", "Brier 分数"];
        /// Expected calibration error.
        CalibrationError = "calibration_error", ["Calibration error (ECE)", "校准误差（ECE）"];
        /// Share of rows of which every label is right.
        SubsetAccuracy = "subset_accuracy", ["Subset accuracy", "子集准确率"];
        /// Share of labels that are wrong.
        HammingLoss = "hamming_loss", ["Hamming loss", "汉明损失"];
        /// Root of the mean squared error.
        Rmse = "rmse", ["RMSE", "均方根误差 RMSE"];
        /// Mean absolute error.
        Mae = "mae", ["MAE", "平均绝对误差 MAE"];
        /// Share of the variance that is explained.
        R2 = "r2", ["R²", "决定系数 R²"];
    }
}

/// Direction of a metric: whether larger or smaller values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Larger is better.
    HigherIsBetter,
    /// Smaller is better.
    LowerIsBetter,
}

impl Metric {
    /// The metric called `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.key() == key)
    }

    /// The metrics that apply to tasks of this kind.
    pub fn of(kind: LabelKind) -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |metric| metric.applies_to(kind))
    }

    /// The metric that is shown first for tasks of this kind.
    pub const fn default_of(kind: LabelKind) -> Self {
        match kind {
            LabelKind::Binary => Self::Auc,
            LabelKind::Classes { .. } => Self::Accuracy,
            LabelKind::Real => Self::Rmse,
            LabelKind::MultiLabel { .. } => Self::F1Micro,
        }
    }

    /// Whether it applies to tasks of this kind.
    pub const fn applies_to(self, kind: LabelKind) -> bool {
        match self {
            Self::Precision | Self::Recall | Self::F1 => matches!(kind, LabelKind::Binary),
            Self::PrecisionMacro
            | Self::RecallMacro
            | Self::PrecisionMicro
            | Self::RecallMicro
            | Self::F1Micro
            | Self::PrecisionWeighted
            | Self::RecallWeighted
            | Self::F1Weighted => matches!(kind, LabelKind::Classes { .. } | LabelKind::MultiLabel { .. }),
            Self::Accuracy | Self::BalancedAccuracy => {
                matches!(kind, LabelKind::Binary | LabelKind::Classes { .. })
            }
            Self::SubsetAccuracy | Self::HammingLoss => matches!(kind, LabelKind::MultiLabel { .. }),
            Self::F1Macro
            | Self::Auc
            | Self::AveragePrecision
            | Self::LogLoss
            | Self::Brier
            | Self::CalibrationError => !matches!(kind, LabelKind::Real),
            Self::Rmse | Self::Mae | Self::R2 => matches!(kind, LabelKind::Real),
        }
    }

    /// Whether larger or smaller values are better.
    pub const fn direction(self) -> Direction {
        match self {
            Self::LogLoss
            | Self::Brier
            | Self::CalibrationError
            | Self::HammingLoss
            | Self::Rmse
            | Self::Mae => Direction::LowerIsBetter,
            _ => Direction::HigherIsBetter,
        }
    }

    /// Whether `candidate` is better than `best` by more than `min_delta`.
    pub fn is_better(self, candidate: f64, best: f64, min_delta: f64) -> bool {
        match self.direction() {
            Direction::HigherIsBetter => candidate > best + min_delta,
            Direction::LowerIsBetter => candidate < best - min_delta,
        }
    }

    /// Description, with formula and conventions.
    pub const fn help(self) -> Text {
        match self {
            Self::Accuracy => Text::new(
                "Rows whose predicted class is right / all rows.",
                "预测类别正确的行数 / 总行数。",
            ),
            Self::BalancedAccuracy => Text::new(
                "Mean of the classes' recalls: a rare class counts as much as a common one. A class without a row has no recall and is left out.",
                "各类别召回率的平均：少见类别与常见类别同等重要。没有样本的类别没有召回率，不计入平均。",
            ),
            Self::Precision => Text::new(
                "TP / (TP + FP) at threshold 0.5. Undefined when nothing was predicted positive.",
                "阈值 0.5 下的 TP / (TP + FP)。没有任何正类预测时无定义。",
            ),
            Self::Recall => Text::new(
                "TP / (TP + FN) at threshold 0.5. Undefined when there is no positive row.",
                "阈值 0.5 下的 TP / (TP + FN)。没有正类样本时无定义。",
            ),
            Self::F1 => Text::new(
                "2·TP / (2·TP + FP + FN). Undefined when nothing is positive and nothing was predicted positive.",
                "2·TP / (2·TP + FP + FN)。既无正类样本也无正类预测时无定义。",
            ),
            Self::PrecisionMacro => Text::new(
                "Mean of the classes' (or labels') precisions. One that was never predicted has no precision and is left out (scikit-learn's default counts it as 0).",
                "各类别（或标签）精确率的平均。从未被预测的没有精确率，不计入平均（scikit-learn 默认按 0 计）。",
            ),
            Self::RecallMacro => Text::new(
                "Mean of the classes' (or labels') recalls. One without a row has no recall and is left out (scikit-learn's default counts it as 0).",
                "各类别（或标签）召回率的平均。没有样本的没有召回率，不计入平均（scikit-learn 默认按 0 计）。",
            ),
            Self::F1Macro => Text::new(
                "Mean of the classes' (or labels') F1, not the F1 of the means. One that is in no row and was never predicted has no F1 and is left out (scikit-learn's default counts such a label as 0).",
                "各类别（或标签）F1 的平均，不是平均值的 F1。既没有样本也从未被预测的没有 F1，不计入平均（对这样的标签，scikit-learn 默认按 0 计）。",
            ),
            Self::PrecisionMicro | Self::RecallMicro | Self::F1Micro => Text::new(
                "TP, FP and FN summed over classes or labels first; with one class per row it equals accuracy. Undefined when the divisor is 0: no label predicted (precision), in a row (recall), or either (F1); scikit-learn's default is 0 there.",
                "先把各类别或标签的 TP、FP、FN 相加；每行只有一个类别时等于准确率。分母为 0 时无定义：没有任何标签被预测（精确率）、出现（召回率）或两者皆无（F1）；scikit-learn 默认取 0。",
            ),
            Self::PrecisionWeighted => Text::new(
                "Mean of the classes' (or labels') precisions, weighted by their rows. One that was never predicted has none and is left out with its weight (scikit-learn's default counts it as 0). Undefined without a row.",
                "各类别（或标签）精确率按样本数加权的平均。从未被预测的没有精确率，连同其权重不计入平均（scikit-learn 默认按 0 计）。没有样本时无定义。",
            ),
            Self::RecallWeighted => Text::new(
                "Mean of the classes' (or labels') recalls, weighted by their rows; with one class per row it equals accuracy. Undefined without a row (scikit-learn's default is 0).",
                "各类别（或标签）召回率按样本数加权的平均；每行只有一个类别时等于准确率。没有样本时无定义（scikit-learn 默认取 0）。",
            ),
            Self::F1Weighted => Text::new(
                "Mean of the classes' (or labels') F1, weighted by their rows. Undefined without a row (scikit-learn's default is 0).",
                "各类别（或标签）F1 按样本数加权的平均。没有样本时无定义（scikit-learn 默认取 0）。",
            ),
            Self::Auc => Text::new(
                "Probability that a positive row scores above a negative one, ties ½ (exact, no threshold grid). Undefined when all rows belong to one class. Several classes or labels: mean of each against the rest, over those that have one. Not computed above 100 classes.",
                "正样本得分高于负样本的概率，相等计 ½（精确值，不用阈值网格）。所有行同属一类时无定义。多类别或多标签：各类别对其余的平均，只计有定义的。超过 100 个类别时不计算。",
            ),
            Self::AveragePrecision => Text::new(
                "Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds. Undefined without a positive row. Several classes or labels: mean of each against the rest, over those that have one. Not computed above 100 classes.",
                "对各阈值求 Σ (Rₙ − Rₙ₋₁)·Pₙ。没有正样本时无定义。多类别或多标签：各类别对其余的平均，只计有定义的。超过 100 个类别时不计算。",
            ),
            Self::LogLoss => Text::new(
                "Mean of −ln p(true class), p clipped to 2.2e-16 … 1 − 2.2e-16.",
                "−ln p(真实类别) 的平均，p 截断到 2.2e-16 … 1 − 2.2e-16。",
            ),
            Self::Brier => Text::new(
                "Mean of (p − y)², over labels too; several classes: of Σ (p_c − y_c)².",
                "(p − y)² 的平均，多标签时也对标签平均；多类别：Σ (p_c − y_c)² 的平均。",
            ),
            Self::CalibrationError => Text::new(
                "Σ n_b/n·|observed share − mean probability| over 10 equal bins, of the positive class (of every label) or, with several classes, of the predicted one.",
                "10 个等宽分箱上 Σ n_b/n·|实际比例 − 平均概率|；二分类与多标签看正类，多类别看预测类别。",
            ),
            Self::SubsetAccuracy => Text::new(
                "Rows of which every known label is right at threshold 0.5 / all rows: one wrong label spoils its row.",
                "所有已知标签在阈值 0.5 下全部正确的行数 / 总行数：错一个标签，整行即算错。",
            ),
            Self::HammingLoss => Text::new(
                "Wrong labels / known labels, at threshold 0.5.",
                "阈值 0.5 下判错的标签数 / 已知标签数。",
            ),
            Self::Rmse => Text::new("√ mean (ŷ − y)².", "(ŷ − y)² 的平均再开方。"),
            Self::Mae => Text::new("Mean |ŷ − y|.", "|ŷ − y| 的平均。"),
            Self::R2 => Text::new(
                "1 − Σ(y − ŷ)² / Σ(y − ȳ)²; 0 is as good as always saying the mean. Undefined for fewer than two rows and for a constant target.",
                "1 − Σ(y − ŷ)² / Σ(y − ȳ)²；0 相当于总是回答平均值。少于两行或目标为常数时无定义。",
            ),
        }
    }
}
