"""Session: one request about one picture, answered by a method, then measured and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import RequestError, shown
from ..reading import images
from ..reading.encoder import Encoder, Tokens
from ..reading.images import Decoded
from ..results import Explanation, MapCheck
from ..tasks import Task
from . import Progress, Saliency, Subject, Target, background, faithfulness, targets
from .localisation import Localisation, locate
from .methods import METHODS

MAX_SEED = 2**32
"""Seeds are below it."""

Embed = Callable[[Tensor], Tensor]
"""Pooled features [B, P] -> unit search vectors [B, K], differentiable."""


@dataclass(frozen=True)
class ExplainRequest:
    """What is to be explained, and how.

    Attributes:
        target: the class; None for the most likely one.
        instead_of: another class: explain why the target rather than this one.
        like: a case's id: explain what makes the picture similar to it; target and instead_of do not count then.
        method: a key of `METHODS`.
        seed: of everything that is drawn; the same seed gives the same map, bit for bit.
        quick: fewer passes, for a rougher map.
    """

    target: str | None = None
    instead_of: str | None = None
    like: str | None = None
    method: str = "vitcx"
    seed: int = 0
    quick: bool = False

    def __post_init__(self) -> None:
        """Refuse what no task could answer.

        Raises:
            RequestError: for an unknown method or a seed out of range.
        """
        if self.method not in METHODS:
            raise RequestError(
                f"no explanation method is called {shown(self.method)}; choose one of {', '.join(METHODS)}"
            )
        if not 0 <= self.seed < MAX_SEED:
            raise RequestError(f"the seed is {self.seed}; choose a whole number from 0 to {MAX_SEED - 1}")


@dataclass(frozen=True)
class ExplainSession:
    """What one request gives, step by step: `explain`, `measure`, `check`. Its picture has been read.

    Attributes:
        request: with its target filled in.
        subject: the picture with that score.
        stranger: the picture with the same score from a head, or for a case, that was never fitted.
        findings: sentences about the picture that a reader of the map must know.
    """

    task: Task
    decoded: Decoded
    request: ExplainRequest
    subject: Subject
    stranger: Subject
    findings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        task: Task,
        decoded: Decoded,
        pixels: Tensor,
        tokens: Tokens,
        request: ExplainRequest,
        embed: Embed,
        like: np.ndarray | None = None,
    ) -> ExplainSession:
        """Begin on a request to a task, about a picture whose pixels [1, 3, S, S] and tokens are known.

        Args:
            like: [K] search vector of the case that the request names.
        Raises:
            RequestError: for a class that the task does not have.
        """
        pooled = tokens.pooled
        likely = task.head.classes[int(task.head.probabilities(pooled.cpu().numpy())[0].argmax())]
        request = replace(request, target=request.target or likely)
        target, randomised = _targets(task, request, embed, like)
        subject, lost = background.settle(Subject.of(encoder, pixels, tokens, target), encoder.levels(pixels)[0])
        findings: tuple[str, ...] = ()
        if lost > background.HANGS:
            findings = (
                "The score hangs on empty background: without it, it falls from "
                f"{subject.value:.2f} to {subject.value - lost:.2f}. "
                "That is a finding about the data, so the map may light the background up.",
            )
        stranger = replace(subject, target=randomised)  # of its own value nothing is asked
        return cls(task, decoded, request, subject, stranger, findings)

    def explain(self, progress: Progress | None = None) -> Explanation:
        """The map, not measured yet.

        Raises:
            RequestError: when nothing varies in the picture.
        """
        request, found = self.request, self._map(self.subject, self.request.seed, progress)
        saliency = _enlarge(found.map, self.decoded.picture.size)
        title = METHODS[request.method].title
        flat = (
            (f"{title} finds no region that raises this score; try another method.",) if np.ptp(saliency) == 0 else ()
        )
        return Explanation(
            task=self.task.name,
            target=request.target or "",
            method=request.method,
            seed=request.seed,
            probability=self.subject.value,
            saliency=saliency,
            mask_scores=found.scores,
            masks=found.masks,
            instead_of=request.instead_of or "",
            like=request.like or "",
            quick=request.quick,
            localisation=self._localisation(saliency),
            warnings=(*self.decoded.warnings, *self.findings, *flat),
        )

    def measure(self, explanation: Explanation, progress: Progress | None = None) -> Explanation:
        """The same explanation with its faithfulness curves."""
        subject, seed, found = self.subject, self.request.seed, self._shrunk(explanation.saliency)
        shares = faithfulness.QUICK_SHARES if self.request.quick else faithfulness.SHARES
        return replace(
            explanation,
            by_tokens=faithfulness.by_tokens(subject, found, seed, shares=shares, progress=progress),
            by_pixels=faithfulness.by_pixels(subject, found, seed, shares=shares, progress=progress),
        )

    def check(self, explanation: Explanation, progress: Progress | None = None) -> MapCheck:
        """How far the map depends on the seed, as it should not, and on the head, as it should.

        Compared where there is something to see: on empty background every map is as low as it goes.

        Source: Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.
        """
        runs = ((self.subject, (self.request.seed + 1) % MAX_SEED), (self.stranger, self.request.seed))
        own = self._shrunk(explanation.saliency)
        others = (self._map(subject, seed, progress).map for subject, seed in runs)
        return MapCheck(*(faithfulness.agreement(self.subject, own, other) for other in others))

    def _map(self, subject: Subject, seed: int, progress: Progress | None) -> Saliency:
        return METHODS[self.request.method].explain(subject, seed, self.request.quick, progress)

    def _shrunk(self, saliency: np.ndarray) -> np.ndarray:
        """A map in the picture's own pixels [H, W] -> [S, S], as the encoder sees the picture."""
        side = self.subject.size
        return np.asarray(Image.fromarray(saliency).resize(side[::-1], Image.Resampling.BILINEAR))

    def _localisation(self, saliency: np.ndarray) -> Localisation | None:
        lesion = outline(self.task, self.decoded)
        return locate(saliency, lesion) if lesion is not None and lesion.any() else None


def outline(task: Task, decoded: Decoded) -> np.ndarray | None:
    """The lesion [H, W] bool of a bundled case, recognised by its pixels; None for any other picture."""
    pixels = images.pixel_hash(decoded.picture)
    for case in task.cases:
        if case.mask and case.pixels == pixels:
            with Image.open(task.folder / case.mask) as mask:
                return np.asarray(mask.convert("L").resize(decoded.picture.size, Image.Resampling.NEAREST)) > 127
    return None


def _targets(task: Task, request: ExplainRequest, embed: Embed, like: np.ndarray | None) -> tuple[Target, Target]:
    """The score that was asked for, and the same of a head or case that was never fitted."""
    if like is not None:
        return targets.similarity(embed, like), targets.similarity(embed, targets.stranger(like, request.seed))
    names = [request.target or ""] + ([request.instead_of] if request.instead_of else [])
    for name in names:
        if name not in task.head.classes:
            raise RequestError(f"{task.title} has no class {shown(name)}; choose one of {', '.join(task.head.classes)}")
    make = targets.contrast if request.instead_of else targets.label
    return make(task.head, *names), make(targets.unfitted(task.head, request.seed), *names)


def _enlarge(saliency: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[S, S] -> [H, W], bilinear; `size` is (W, H) as Pillow has it."""
    return interpolate(torch.from_numpy(saliency)[None, None], size=size[::-1], mode="bilinear", align_corners=False)[
        0, 0
    ].numpy()
