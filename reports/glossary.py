"""What the words of a report mean, each in a sentence or two, for a reader who does no statistics."""

from __future__ import annotations

from collections.abc import Mapping

GLOSSARY: Mapping[str, str] = {
    "improved": "The whole interval of the change lies above zero, and the test agrees.",
    "held": "A loss as large as the margin is ruled out: nothing that matters to you was lost.",
    "regressed": "The whole interval of the change lies below zero, the test agrees, and a loss of the margin is "
    "possible.",
    "underpowered": "Too few questions to say: neither a change is shown, nor a loss of the margin ruled out.",
    "no verdict": "Most answers have no value of the metric, so that nothing is compared.",
    "interval": "Where the true change is likely to be. Were other questions of this kind asked again and again, "
    "95 of 100 such intervals (or what the level says) would hold it.",
    "margin": "The loss of the metric that you would not mind (--margin).",
    "fixed": "Questions whose mean over their samples rose. With one sample each: wrong before, right now.",
    "broken": "Questions whose mean over their samples fell. With one sample each: right before, wrong now.",
    "detectable": "The smallest true change that so many questions would show four times in five.",
    "p (Holm)": "How often a change at least as large would come about by chance alone, made stricter for the number "
    "of rewards that are looked at (Holm's method). Below 0.05 is called sure.",
    "p (models)": "The same, made stricter for the number of models that are compared with one base.",
    "total": "The weighted sum of all rewards: what training with this mix maximises.",
    "more or fewer": "The part of the change that comes from having more or fewer completions of a kind.",
    "better or worse": "The part of the change that comes from completions of one kind being better or worse.",
    "pass@k": "The chance that at least one of k answers to a question is right.",
    "maj@k": "The chance that the most frequent of k answers is right.",
    "z": "How many standard errors a change must pass at this look.",
    "cut at the token limit": "Completions that were stopped at --max-new-tokens before they came to their end.",
    "without an answer": "Completions in which the reward found nothing to judge. They count as wrong.",
    "repeated token triples": "Of three tokens in a row, how many were there before in the same completion.",
    "repeated word triples": "Of three words in a row, how many were there before in the same completion.",
    "distinct texts over questions": "How many completions of all questions are different texts.",
    "distinct texts within a question": "How many of one question's samples are different texts: low where a model "
    "always says the same.",
    "plausible to the base, nats per token": "The mean log-probability that the base gives to the answers, per token: "
    "the lower, the further a model has moved from its base.",
    "clusters": "Questions that hang together, such as several about one text: they count as one.",
}
"""Each term, as the page writes it, and what it means."""
