"""Three shops, forecast for four weeks with intervals: a table of pandas from end to end.

Sales of three shops are generated for three years, with the week, the year, promotions that are known
ahead, and noise. One shop sells a hundred times what another does, the rows are shuffled, and nothing is
prepared by hand: `Forecaster` sorts, shifts and scales. The baseline is the value of a week before.

It prints mean absolute errors for every shop, in percent of its mean sales, and how many of the values
lie in the intervals; the network's errors are asserted to be less than half of the baseline's.

Run: python three_shops.py
"""

import numpy as np
import pandas as pd

from skrnn import Forecaster, GRURegressor


def make_shops(n_days=3 * 365, seed=0):
    """A table of shop, day, promotion and sales."""
    rng, parts = np.random.RandomState(seed), []
    day = pd.date_range("2022-01-01", periods=n_days)
    for shop, size in [("Bonn", 10), ("Kiel", 100), ("Ulm", 1000)]:
        promotion = rng.uniform(size=n_days) < 0.15
        sales = 10 + 4 * (day.day_of_week == 5) - 3 * (day.day_of_week == 6)
        sales = sales + 2 * np.sin(2 * np.pi * day.day_of_year / 365) + 3 * promotion
        sales = size * (sales + 0.5 * rng.normal(size=n_days))
        parts.append(pd.DataFrame({"shop": shop, "day": day, "promotion": promotion, "sales": sales}))
    return pd.concat(parts).sample(frac=1, random_state=seed).reset_index(drop=True)


def main():
    table = make_shops()
    X, y = table.drop(columns="sales"), table["sales"]
    start = table["day"].max() - pd.Timedelta(days=27)
    past = table["day"] < start

    model = Forecaster(
        GRURegressor(random_state=0), horizon=28, sequence_id="shop", time="day", known="promotion",
        calendar=["weekday", "dayofyear"], levels=[0.8, 0.95],
    )  # fmt: skip
    model.fit(X[past], y[past])
    forecast = model.forecast(X_future=X[~past]).merge(table[~past])
    print(forecast.head(3).to_string(index=False, float_format="{:.1f}".format))

    week = table[past & (table["day"] >= start - pd.Timedelta(days=7))]
    naive = {(row.shop, row.day.day_of_week): row.sales for row in week.itertuples()}
    forecast["naive"] = [naive[row.shop, row.day.day_of_week] for row in forecast.itertuples()]
    for shop, rows in forecast.groupby("shop"):
        sales = rows["sales"]
        error, of_naive = (
            (sales - rows[name]).abs().sum() / sales.sum() for name in ("forecast", "naive")
        )
        inside = [sales.between(rows[f"lower_{k}"], rows[f"upper_{k}"]).mean() for k in (80, 95)]
        print(f"{shop}: error {error:.1%}, of the week before {of_naive:.1%};", end=" ")
        print(f"in the intervals of 80 % {inside[0]:.0%}, of 95 % {inside[1]:.0%}")
        assert error < 0.5 * of_naive


if __name__ == "__main__":
    main()
