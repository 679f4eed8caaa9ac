import numpy as np
import pandas as pd
import pytest

from igw_audit.stats.basis import WIDE, spline_basis


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    wage = rng.lognormal(8, 0.5, 600)
    wage[:40] = np.nan
    return pd.DataFrame(
        {
            "wage": wage,
            "years": rng.integers(1, 6, 600).astype(float),
            "route": np.array(["study", "work", None])[rng.choice(3, 600, p=[0.5, 0.4, 0.1])],
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 600), unit="D"),
        }
    )


def test_columns_are_finite_and_standard(frame: pd.DataFrame) -> None:
    matrix = spline_basis(frame).matrix
    assert np.isfinite(matrix).all()
    assert np.allclose(matrix.mean(axis=0), 0)
    assert np.allclose(matrix.std(axis=0), 1)


def test_missing_numbers_and_missing_categories_have_columns_of_their_own(frame: pd.DataFrame) -> None:
    basis = spline_basis(frame)
    assert "wage missing" in basis.names
    missing_route = frame["route"].isna().to_numpy(dtype=float)
    columns = [basis.matrix[:, place] for place, name in enumerate(basis.names) if name.startswith("route: level")]
    assert max(abs(np.corrcoef(column, missing_route)[0, 1]) for column in columns) > 0.999


def test_order_of_columns_and_names_of_levels_do_not_matter(frame: pd.DataFrame) -> None:
    renamed = frame[frame.columns[::-1]].assign(route=frame["route"].map({"study": "z", "work": "a"}))
    one, other = spline_basis(frame), spline_basis(renamed)
    assert one.names == other.names
    assert np.array_equal(one.matrix, other.matrix)


def test_few_valued_factors_are_spelled_out_cell_by_cell() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"education": rng.integers(1, 4, 2000).astype(float), "far": rng.choice(["y", "n"], 2000)})
    basis = spline_basis(frame)
    assert basis.cells is not None
    assert int(basis.cells.max()) + 1 == 6
    cell_means = rng.normal(size=6)[basis.cells]
    fitted = basis.matrix @ np.linalg.lstsq(basis.matrix, cell_means - cell_means.mean(), rcond=None)[0]
    assert np.allclose(fitted, cell_means - cell_means.mean())


def test_a_postcode_is_wide_and_adds_no_columns() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 500, 5000)
    basis = spline_basis(pd.DataFrame({"postcode": [f"p{code}" for code in codes], "wage": rng.normal(size=5000)}))
    assert basis.wide.shape == (5000, 1)
    assert len(np.unique(basis.wide)) == 500 > WIDE
    assert not any(name.startswith("postcode") for name in basis.names)


def test_a_small_table_gets_few_columns_and_a_large_one_all_products() -> None:
    rng = np.random.default_rng(0)
    factors = pd.DataFrame(rng.normal(size=(4000, 8)), columns=list("abcdefgh"))
    small, large = spline_basis(factors.iloc[:200]), spline_basis(factors)
    assert not any(" x " in name for name in small.names)
    assert sum(" x " in name for name in large.names) == 28 + 56


def test_a_constant_factor_explains_nothing() -> None:
    assert spline_basis(pd.DataFrame({"same": np.ones(50)})).matrix.shape == (50, 0)


def test_a_column_of_nothing_but_missing_values_explains_nothing() -> None:
    assert spline_basis(pd.DataFrame({"empty": np.full(50, np.nan)})).matrix.shape == (50, 0)
