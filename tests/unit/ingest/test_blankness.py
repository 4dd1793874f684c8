"""What counts as blank, on pictures that a real coder made of them: a mask does, nothing that a lens sees does."""

import pytest

from vantage_ingest.domain.blankness import Look, look, region

from .mask_pictures import QUAD, Planes, Polygon, coded, covered, mask, night, scene, shown

SIZES = [(640, 368), (1280, 720)]
AT_THE_EDGE: Polygon = [(0, 0), (22_000, 0), (22_000, 30_000), (0, 30_000)]
SMALL: Polygon = [(30_000, 30_000), (36_000, 30_000), (36_000, 40_000), (30_000, 40_000)]
SHAPES = [QUAD, AT_THE_EDGE, SMALL]


def seen(picture: Planes, polygon: Polygon = QUAD, crf: int = 23) -> Look:
    """The look at a keyframe of this picture."""
    coded_planes = shown(coded([picture], crf=crf))[0]
    height, width = picture[0].shape
    where = region(mask(polygon), [], width, height)
    assert where.enough
    return look(coded_planes, where)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("polygon", SHAPES)
class TestAMask:
    @pytest.mark.parametrize(("value", "crf"), [(16, 18), (16, 34), (60, 28), (235, 28)])
    def test_is_blank_at_any_usual_quality(self, size: tuple[int, int], polygon: Polygon, value: int, crf: int) -> None:
        found = seen(covered(scene(*size), polygon, value), polygon, crf)
        assert found.flat
        assert found.stands_out
        assert abs(found.value[0] - value) <= 2

    def test_may_be_off_by_what_cameras_snap_to(self, size: tuple[int, int], polygon: Polygon) -> None:
        assert seen(covered(scene(*size), polygon, aside=0.005), polygon).flat

    @pytest.mark.parametrize("aside", [0.05, -0.05])
    def test_is_not_blank_where_it_is_misplaced_by_a_twentieth_of_the_frame(
        self, size: tuple[int, int], polygon: Polygon, aside: float
    ) -> None:
        if polygon is AT_THE_EDGE and aside < 0:
            polygon = [(13_107, y) if x == 0 else (35_107, y) for x, y in AT_THE_EDGE]
        assert not seen(covered(scene(*size), polygon, aside=aside), polygon).flat


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("polygon", SHAPES)
class TestWhatALensSees:
    @pytest.mark.parametrize("crf", [18, 34])
    def test_is_not_blank_by_day(self, size: tuple[int, int], polygon: Polygon, crf: int) -> None:
        assert not seen(scene(*size), polygon, crf).flat

    @pytest.mark.parametrize(("light", "noise"), [(0.3, 0), (0.2, 2), (0.03, 4)])
    def test_is_not_blank_by_night_where_anything_is_to_be_seen(
        self, size: tuple[int, int], polygon: Polygon, light: float, noise: float
    ) -> None:
        assert not seen(night(scene(*size), light, noise), polygon, crf=18).flat

    @pytest.mark.parametrize(("light", "noise"), [(0.0, 0), (0.02, 0)])
    def test_is_flat_in_the_dark_but_does_not_stand_out(
        self, size: tuple[int, int], polygon: Polygon, light: float, noise: float
    ) -> None:
        found = seen(night(scene(*size), light, noise), polygon, crf=30)
        assert found.flat
        assert not found.stands_out


def test_a_mosaic_is_not_blank() -> None:
    luma, blue, red = scene()
    coarse = luma[8::16, 8::16].repeat(16, 0).repeat(16, 1)[:368, :640]
    assert not seen((coarse, blue, red)).flat


def test_a_tint_that_varies_is_not_blank() -> None:
    luma, _, _ = covered(scene(), QUAD)
    _, blue, red = scene()
    assert not seen((luma, blue, red)).flat


def test_other_masks_are_no_surroundings() -> None:
    beside = mask([(0, 0), (65_535, 0), (65_535, 65_535), (0, 65_535)], "all")
    where = region(mask(), [beside], 640, 368)
    assert not where.around.any()
    planes = shown(coded([covered(scene(), QUAD)]))[0]
    assert not look(planes, where).stands_out


def test_a_speck_is_too_small_to_say_anything() -> None:
    assert not region(mask([(100, 100), (400, 100), (400, 400)]), [], 640, 368).enough
