"""Mechanisms of the accounts that many sectors share: basis, currency, debt, shares, price, terms, estimates, investment."""

from __future__ import annotations

from tests.mechanism_rows.row import Row

ROWS: dict[str, Row] = {
    # basis traps
    "gaap_eps_far_below_adjusted": ("healthcare", {"eps_diluted": "0.82", "adjusted_eps": ("1.62", "1.48")}, {"eps_diluted": "1.51"}),
    "one_off_lifts_reported_eps": ("industrials", {"eps_diluted": "2.25", "adjusted_eps": "1.87"}, {"eps_diluted": "1.79"}),
    "reported_falls_adjusted_grows": (
        "consumer_staples",
        {"eps_diluted": ("1.40", "3.06"), "adjusted_eps": ("1.50", "1.29")},
        {"eps_diluted": ("3.20", "3.06")},
    ),
    "easy_base_lifts_reported_eps": (
        "restaurants",
        {"eps_diluted": ("2.45", "1.48"), "adjusted_eps": ("2.63", "2.28")},
        {"eps_diluted": ("1.66", "1.48")},
    ),
    "tax_rate_lifts_eps": (
        "hardware",
        {"tax_rate": ("14.1", "21.6"), "eps_diluted": ("1.31", "1.12"), "operating_income": ("2140", "2060")},
        {"tax_rate": ("20.9", "21.6")},
    ),
    "adjusted_tax_rate_drags_eps": (
        "retail",
        {"adjusted_tax_rate": ("26.6", "16.7"), "adjusted_eps": ("1.22", "1.54"), "adjusted_operating_income": ("363", "426")},
        {"adjusted_tax_rate": ("18.6", "16.7")},
    ),
    "restructuring_comes_back": (
        "software",
        {"revenue": ("8247", "7411"), "restructuring_charges": ("311", "128")},
        {"restructuring_charges": ("311", "8")},
    ),
    "depreciation_roll_off_lifts_profit": (
        "telecom",
        {"operating_income": ("940", "820"), "depreciation_amortization": ("1310", "1460")},
        {"depreciation_amortization": ("1450", "1460")},
    ),
    "small_base_flatters_growth": (
        "internet",
        {"revenue": ("4120", "3810"), "operating_income": ("268", "91")},
        {"operating_income": ("118", "91")},
    ),
    "margin_jump_on_flat_sales": (
        "consumer_staples",
        {"revenue": ("12535", "12363"), "operating_income": ("4280", "2632")},
        {"operating_income": ("2780", "2632")},
    ),
    "profit_up_on_falling_sales": (
        "industrials",
        {"revenue": ("1572", "1730"), "operating_income": ("283", "262")},
        {"operating_income": ("253", "262")},
    ),
    # currency
    "currency_hides_growth": (
        "software",
        {"revenue": ("5897.9", "5665.6"), "constant_currency_growth": "8"},
        {"constant_currency_growth": "5"},
    ),
    "currency_flatters_growth": (
        "software",
        {"revenue": ("2310", "2045"), "constant_currency_growth": "9"},
        {"constant_currency_growth": "12"},
    ),
    "currency_raises_prices_abroad": (
        "software",
        {"revenue": ("8247", "7811"), "constant_currency_growth": "10"},
        {"constant_currency_growth": "7"},
    ),
    "organic_growth_above_reported": (
        "materials",
        {"revenue": ("17846", "16200"), "organic_growth": "14.3"},
        {"organic_growth": "10.4"},
    ),
    "acquired_growth": ("software", {"revenue": ("1910", "1702"), "organic_growth": "4.5"}, {"organic_growth": "11.1"}),
    # refinancing
    "interest_outgrows_profit": (
        "restaurants",
        {"interest_expense": ("329.7", "287.3"), "operating_income": ("2532", "2313")},
        {"interest_expense": ("289.7", "287.3")},
    ),
    "debt_outgrows_ebitda": (
        "telecom",
        {"total_debt": ("41767", "35910"), "ebitda": ("3219", "3105"), "adjusted_ebitda": ("3302", "3180")},
        {"total_debt": ("36767", "35910")},
    ),
    "cash_below_a_year_of_burn": (
        "autos",
        {
            "revenue": "1240",
            "operating_cash_flow": "-310",
            "capex": "190",
            "cash_and_investments": "1460",
            "cash": "820",
        },
        {"cash_and_investments": "7460"},
    ),
    "dividend_beyond_free_cash_flow": (
        "consumer_staples",
        {"dividends_paid": "1608", "free_cash_flow": ("1120", "1704")},
        {"free_cash_flow": "2120"},
    ),
    "payout_takes_most_of_profit": (
        "retail",
        {"dividends_paid": "232", "net_income": ("274", "306"), "free_cash_flow": "420"},
        {"dividends_paid": "112"},
    ),
    "debt_paydown_frees_profit": (
        "travel",
        {"total_debt": ("8719.3", "12770.8", "9120.4"), "interest_expense": "137.1", "operating_income": "610"},
        {"total_debt": ("12219.3", "12770.8", "12300.4")},
    ),
    # dilution
    "share_issue_spreads_profit": (
        "banks",
        {"diluted_shares": ("104.4", "99.0"), "net_income": ("236.9", "135.8")},
        {"diluted_shares": ("99.4", "99.0")},
    ),
    "stock_pay_outgrows_sales": (
        "autos",
        {"revenue": ("22496", "25500"), "stock_based_compensation": ("635", "439")},
        {"stock_based_compensation": ("435", "439")},
    ),
    "stock_pay_shrinks_against_sales": (
        "software",
        {"revenue": ("1042.1", "828.7"), "stock_based_compensation": ("379.5", "331.9")},
        {"stock_based_compensation": ("429.5", "331.9")},
    ),
    "buyback_only_offsets_issuance": (
        "software",
        {"revenue": "1042.1", "buybacks": "190.6", "diluted_shares": ("335.1", "333.4", "334.8")},
        {"diluted_shares": ("325.1", "333.4", "334.8")},
    ),
    "shrinking_count_signals_value": (
        "retail",
        {
            "diluted_shares": ("219.0", "226.1"),
            "net_income": ("274", "263"),
            "operating_income": ("348", "326"),
        },
        {"diluted_shares": ("225.0", "226.1")},
    ),
    # pricing
    "price_carries_growth": (
        "materials",
        {"revenue": ("12535", "12063"), "units_sold.yoy": "-1"},
        {"units_sold.yoy": "1"},
    ),
    "volume_bought_with_price": (
        "autos",
        {"revenue": ("21301", "21454"), "units_sold": ("386810", "343830")},
        {"revenue": ("24301", "21454")},
    ),
    "lower_price_lower_margin": (
        "hardware",
        {"average_selling_price.yoy": "-6", "gross_margin": ("31.1", "34.0"), "average_selling_price": "0.000412"},
        {"gross_margin": ("34.8", "34.0")},
    ),
    "richer_mix_fewer_units": (
        "autos",
        {"average_selling_price.yoy": "7", "units_sold.yoy": "-9"},
        {"units_sold.yoy": "-1"},
    ),
    "volume_given_up_for_margin": (
        "retail",
        {"revenue": ("9583", "10329"), "gross_margin": ("23.2", "22.1")},
        {"gross_margin": ("22.2", "22.1")},
    ),
    "cost_relief_reaches_buyers": (
        "consumer_staples",
        {"revenue": ("17846", "16200"), "cost_of_revenue": ("7988", "7433")},
        {"cost_of_revenue": ("8188", "7433")},
    ),
    # suppliers and customers
    "suppliers_paid_sooner": (
        "hardware",
        {"cost_of_revenue": ("8542", "8523"), "accounts_payable": ("5120", "6340")},
        {"accounts_payable": ("6220", "6340")},
    ),
    "terms_eased_at_quarter_end": (
        "industrials",
        {"revenue": ("1572", "1490", "1544"), "accounts_receivable": ("1249", "1051", "1069")},
        {"accounts_receivable": ("1099", "1051", "1069")},
    ),
    "cost_growth_reaches_suppliers": (
        "software",
        {"revenue": ("1043", "829"), "cost_of_revenue": ("349", "273")},
        {"cost_of_revenue": ("284", "273")},
    ),
    "cost_fall_reaches_suppliers": (
        "hardware",
        {"revenue": ("4120", "4610"), "cost_of_revenue": ("2614", "2955")},
        {"cost_of_revenue": ("2914", "2955")},
    ),
    "expenses_ahead_of_sales_slow_hiring": (
        "internet",
        {"revenue": ("1210", "1105"), "operating_expenses": ("702", "588")},
        {"operating_expenses": ("638", "588")},
    ),
    "collections_flatter_cash": (
        "software",
        {
            "revenue": ("2310", "2045"),
            "accounts_receivable": ("1420", "1510"),
            "operating_cash_flow": "690",
            "net_income": "410",
        },
        {"accounts_receivable": ("1690", "1510")},
    ),
    "stock_days_build_in_quarter": (
        "retail",
        {
            "revenue": ("4120", "4230", "4190"),
            "cost_of_revenue": ("2880", "2905", "2910"),
            "inventory": ("3410", "3020", "2940"),
        },
        {"inventory": ("3010", "3020", "2940")},
    ),
    "destocking_runs_out": (
        "retail",
        {"revenue": ("9583", "9829", "9467"), "inventory": ("5651", "6543", "5219")},
        {"inventory": ("6451", "6543", "5219")},
    ),
    "cash_cycle_lengthens": (
        "industrials",
        {
            "revenue": ("1572", "1540"),
            "cost_of_revenue": ("960", "941"),
            "accounts_receivable": ("1249", "1101"),
            "inventory": ("884", "791"),
            "accounts_payable": ("687", "702"),
            "total_debt": "2010",
            "cash": "705",
        },
        {"accounts_receivable": ("1079", "1101"), "inventory": ("794", "791")},
    ),
    # estimate revision
    "beat_with_soft_outlook": (
        "semiconductors",
        {"revenue": "14042", "consensus.revenue": "13690", "guidance.revenue": ("13100", "13700"), "next_consensus.revenue": "13810"},
        {"next_consensus.revenue": "13395"},
    ),
    "beat_and_raise_takes_share": (
        "semiconductors",
        {"revenue": "14042", "consensus.revenue": "13690", "guidance.revenue": ("14600", "15000"), "next_consensus.revenue": "14210"},
        {"next_consensus.revenue": "14790"},
    ),
    "eps_beat_on_missed_sales": (
        "industrials",
        {
            "revenue": "1572",
            "consensus.revenue": "1604",
            "adjusted_eps": "1.87",
            "consensus.adjusted_eps": "1.74",
            "eps_diluted": "1.81",
            "consensus.eps_diluted": "1.72",
        },
        {"consensus.revenue": "1570"},
    ),
    "eps_beat_confirmed_by_sales": (
        "software",
        {"revenue": "8247", "consensus.revenue": "8178", "adjusted_eps": "1.69", "consensus.adjusted_eps": "1.61"},
        {"consensus.adjusted_eps": "1.68"},
    ),
    "eps_miss_on_costs": (
        "retail",
        {"revenue": "9583", "consensus.revenue": "9522", "adjusted_eps": "1.22", "consensus.adjusted_eps": "1.31"},
        {"consensus.adjusted_eps": "1.21"},
    ),
    "eps_miss_keeps_working": (
        "retail",
        {"adjusted_eps": "1.22", "consensus.adjusted_eps": "1.36", "eps_diluted": "1.19", "consensus.eps_diluted": "1.33"},
        {"consensus.adjusted_eps": "1.21"},
    ),
    "miss_with_outlook_held": (
        "industrials",
        {"revenue": "1572", "consensus.revenue": "1611", "guidance.revenue": ("1620", "1680"), "next_consensus.revenue": "1640"},
        {"consensus.revenue": "1574"},
    ),
    "guided_eps_slower_than_quarter": (
        "consumer_staples",
        {"adjusted_eps": ("1.50", "1.29"), "guidance.adjusted_eps": "1.98", "history.adjusted_eps": "1.86"},
        {"history.adjusted_eps": "1.66"},
    ),
    "guided_organic_slowdown": (
        "industrials",
        {"organic_growth": "14.3", "guidance.organic_growth": "8"},
        {"guidance.organic_growth": "13.5"},
    ),
    "guided_recovery_needs_parts": (
        "consumer_staples",
        {"organic_growth": "-12", "guidance.organic_growth": ("3.5", "6.5")},
        {"guidance.organic_growth": ("-3.5", "-1.5")},
    ),
    "guided_acceleration": (
        "semiconductors",
        {"revenue": ("14042", "13528"), "guidance.revenue": ("14600", "15000"), "history.revenue": "13340"},
        {"history.revenue": "14340"},
    ),
    # investment
    "assets_outgrow_sales": (
        "healthcare",
        {"revenue": ("5210", "4870"), "total_assets": ("61840", "48310")},
        {"total_assets": ("49840", "48310")},
    ),
    "sales_outgrow_assets": (
        "software",
        {"revenue": ("1042.1", "828.7"), "total_assets": ("8157.4", "7298.0"), "operating_income": "47.3"},
        {"total_assets": ("9157.4", "7298.0")},
    ),
    "capex_below_depreciation": (
        "industrials",
        {"capex": "112", "depreciation_amortization": "189"},
        {"capex": "172"},
    ),
    "depreciation_follows_capex": (
        "internet",
        {"revenue": ("42310", "36460"), "capex": ("12010", "10210"), "depreciation_amortization": "3640"},
        {"capex": "4010"},
    ),
    "capex_rise_fills_order_books": (
        "retail",
        {"revenue": "10510", "capex": ("1130", "830")},
        {"capex": ("850", "830")},
    ),
    "guided_capex_moves_vendors": (
        "utilities",
        {"guidance.capex": ("2150", "2250"), "history.capex": "1840"},
        {"history.capex": "2140"},
    ),
    "research_cut_lifts_margin": (
        "software",
        {"revenue": ("8247", "7411"), "rnd_expense": ("1207", "1318")},
        {"rnd_expense": ("1407", "1318")},
    ),
}
