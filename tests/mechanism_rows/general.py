"""Mechanisms that many sectors share, and those of clouds, chips, software and marketplaces."""

from __future__ import annotations

from tests.mechanism_rows.row import Row

ROWS: dict[str, Row] = {
    # capacity
    "capacity_ahead_of_demand": ("cloud", {"revenue": "2703.7", "capex_with_leases": "3000"}, {"capex_with_leases": "800"}),
    "subsidised_capacity": (
        "cloud",
        {"revenue": "2703.7", "capex": "2000", "gross_margin": ("12.8", "16.2")},
        {"gross_margin": ("16.0", "16.2")},
    ),
    "industry_overbuild": (
        "cloud",
        {"revenue": ("2703.7", "1970.0", "2761.4"), "capex_with_leases": "3000", "gross_margin": ("12.8", "16.2")},
        {"revenue": ("2903.7", "1970.0", "2761.4"), "gross_margin": ("16.8", "16.2")},
    ),
    "ai_mix_dilutes_margin": (
        "cloud",
        {"revenue": ("2703.7", "1970.0"), "ai_gross_billing.yoy": "90", "gross_margin": ("12.8", "16.2")},
        {"ai_gross_billing.yoy": "45"},
    ),
    "capex_cut_hits_equipment": ("semiconductors", {"capex": ("4635", "6500"), "revenue": "14042"}, {"capex": ("6200", "6500")}),
    "capex_outgrows_sales": ("internet", {"capex": ("1320", "830"), "revenue": ("10510", "9983")}, {"capex": ("850", "830")}),
    # margins
    "ebitda_against_gross_margin": (
        "cloud",
        {"adjusted_ebitda_margin": ("27.6", "16.2"), "gross_margin": ("12.8", "16.2")},
        {"gross_margin": ("16.9", "16.2")},
    ),
    "operating_deleverage": (
        "retail",
        {"revenue": ("14042", "20528"), "operating_margin": ("-8.1", "24.3")},
        {"operating_margin": ("24.0", "24.3")},
    ),
    "costs_ahead_of_sales": (
        "internet",
        {"revenue": ("2510", "2483"), "operating_margin": ("22.2", "27.9")},
        {"revenue": ("2410", "2483")},
    ),
    "operating_leverage": (
        "hardware",
        {"revenue": ("95359", "90753"), "operating_income": ("29589", "27900")},
        {"operating_income": ("29389", "27900")},
    ),
    "margin_gain_from_staff_cuts": (
        "software",
        {"headcount": ("72970", "77810"), "adjusted_operating_margin": ("27.6", "17.6")},
        {"headcount": ("78970", "77810")},
    ),
    "payroll_out_of_step": (
        "semiconductors",
        {"revenue": ("14042", "20528"), "headcount": ("131900", "121100")},
        {"headcount": ("119900", "121100")},
    ),
    "margin_squeeze_passed_upstream": ("retail", {"gross_margin": ("31.1", "35.0")}, {"gross_margin": ("34.1", "35.0")}),
    # leverage
    "leverage_against_monetisation": ("cloud", {"leverage": "5", "gross_margin": ("12.8", "16.2")}, {"gross_margin": ("16.8", "16.2")}),
    "net_leverage_narrows_choices": ("travel", {"net_debt_to_ebitda": "4.6"}, {"net_debt_to_ebitda": "2.1"}),
    "cash_burn_meets_debt": (
        "industrials",
        {"operating_cash_flow": "210", "capex": "640", "revenue": "4100", "total_debt": "9000", "cash": "1200"},
        {"total_debt": "900"},
    ),
    "thin_interest_cover": ("retail", {"operating_income": "212", "interest_expense": "118"}, {"interest_expense": "18"}),
    # earnings quality
    "accruals_outrun_cash": ("industrials", {"net_income": "510", "operating_cash_flow": "190"}, {"operating_cash_flow": "480"}),
    "cash_backs_profit": (
        "internet",
        {"revenue": "2510", "net_income": "567", "operating_cash_flow": "841"},
        {"net_income": "60", "operating_cash_flow": "841"},
    ),
    "adjusted_margin_gap": (
        "software",
        {"operating_margin": "5.0", "adjusted_operating_margin": ("27.6", "17.6")},
        {"operating_margin": "24.9"},
    ),
    "stock_pay_dilutes": (
        "software",
        {"revenue": "8247", "stock_based_compensation": ("696", "776"), "diluted_shares": ("988", "1001")},
        {"stock_based_compensation": ("296", "276")},
    ),
    "restructuring_promises": (
        "software",
        {"revenue": "8247", "restructuring_charges": "711", "operating_margin": ("5.0", "0.3")},
        {"restructuring_charges": "41"},
    ),
    # working capital
    "receivables_ahead_of_sales": (
        "hardware",
        {"revenue": ("95359", "90753"), "accounts_receivable": ("26136", "21837")},
        {"accounts_receivable": ("22836", "21837")},
    ),
    "inventory_ahead_of_sales": (
        "semiconductors",
        {"revenue": ("14042", "20528"), "inventory": ("13224", "10776")},
        {"inventory": ("9776", "10776")},
    ),
    "payables_stretched": (
        "hardware",
        {"cost_of_revenue": ("50492", "48482"), "accounts_payable": ("54126", "45753")},
        {"accounts_payable": ("47126", "45753")},
    ),
    "deferred_revenue_lags": (
        "software",
        {"revenue": ("8247", "7411"), "deferred_revenue": ("14121", "13636")},
        {"deferred_revenue": ("15321", "13636")},
    ),
    # guidance
    "guided_below_run_rate": (
        "semiconductors",
        {"revenue": "14042", "guidance.revenue": ("10500", "11500")},
        {"guidance.revenue": ("13800", "14200")},
    ),
    "guided_margin_step_down": (
        "semiconductors",
        {"gross_margin": "39.2", "guidance.gross_margin": "34.1"},
        {"guidance.gross_margin": "39.1"},
    ),
    "guided_eps_step_down": (
        "internet",
        {"adjusted_eps": "1.11", "guidance.adjusted_eps": ("0.96", "1.01")},
        {"guidance.adjusted_eps": ("1.08", "1.12")},
    ),
    "guidance_below_consensus": (
        "software",
        {"guidance.revenue": ("8510", "8530"), "next_consensus.revenue": "8790"},
        {"next_consensus.revenue": "8495"},
    ),
    "guidance_above_consensus": (
        "software",
        {"guidance.revenue": ("8510", "8530"), "next_consensus.revenue": "8290"},
        {"next_consensus.revenue": "8495"},
    ),
    "guided_slowdown": (
        "software",
        {"revenue": ("8247", "7011"), "guidance.revenue": ("8510", "8530"), "history.revenue": "7720"},
        {"history.revenue": "7220"},
    ),
    # capital return
    "buybacks_exceed_free_cash_flow": ("hardware", {"buybacks": "25000", "free_cash_flow": "20900"}, {"free_cash_flow": "26000"}),
    "buybacks_exceed_profit": ("hardware", {"buybacks": "25000", "net_income": "22780"}, {"free_cash_flow": "26000"}),
    "share_count_lifts_eps": (
        "hardware",
        {"net_income": ("24780", "23636"), "eps_diluted": ("1.65", "1.53"), "diluted_shares": ("15056", "15465")},
        {"diluted_shares": ("15456", "15465")},
    ),
    "share_count_lifts_adjusted_eps": (
        "internet",
        {
            "adjusted_net_income": ("600", "625"),
            "adjusted_eps": ("1.11", "1.05"),
            "eps_diluted": ("1.05", "-2.28"),
            "diluted_shares": ("541", "587"),
        },
        {"eps_diluted": ("1.05", "1.01")},
    ),
    # demand, competition, supply chain
    "growth_stalls_sequentially": ("cloud", {"revenue": ("2703.7", "1970.0", "2761.4")}, {"revenue": ("2803.7", "1970.0", "2761.4")}),
    "industry_read_across": ("semiconductors", {"revenue": ("14042", "20528")}, {"revenue": ("19042", "20528")}),
    "rnd_outpaces_sales": ("hardware", {"revenue": ("95359", "90753"), "rnd_expense": ("8550", "7903")}, {"rnd_expense": ("8150", "7903")}),
    "lean_stock_holds_orders": (
        "hardware",
        {"revenue": ("95359", "90753"), "inventory": ("6269", "6232")},
        {"inventory": ("6769", "6232")},
    ),
    "contraction_reaches_suppliers": ("industrials", {"revenue": ("1402", "1610")}, {"guidance.revenue": ("1380", "1440")}),
    # sectors
    "contracts_lead_revenue": ("software", {"revenue": ("8247", "7411"), "crpo": ("24100", "21200")}, {"crpo": ("23100", "21200")}),
    "contracts_lag_revenue": ("software", {"revenue": ("8247", "7411"), "crpo": ("22900", "21200")}, {"crpo": ("24100", "21200")}),
    "margin_drive_reaches_customers": (
        "software",
        {"revenue": ("8247", "7411"), "adjusted_operating_margin": ("27.6", "17.6")},
        {"adjusted_operating_margin": ("18.6", "17.6")},
    ),
    "take_rate_over_volume": ("internet", {"revenue": ("2510", "2483"), "gmv": ("18410", "19409")}, {"gmv": ("19910", "19409")}),
    "buyers_drift_to_rivals": (
        "internet",
        {"active_buyers": ("133000000", "142000000", "134000000")},
        {"active_buyers": ("141000000", "142000000", "134000000")},
    ),
    "idle_fabs_soften_prices": (
        "semiconductors",
        {"revenue": ("14042", "20528"), "gross_margin": ("39.2", "53.6")},
        {"gross_margin": ("52.2", "53.6")},
    ),
    "idle_fabs_defer_tools": (
        "semiconductors",
        {"revenue": ("14042", "20528"), "cost_of_revenue": ("8542", "9523"), "inventory": ("13224", "10776")},
        {"inventory": ("9724", "10776")},
    ),
    # estimates
    "in_line_number": ("cloud", {"revenue": "2703.7", "gross_margin": "12.8", "consensus.revenue": "2715"}, {"consensus.revenue": "2615"}),
    "drift_after_beat": ("cloud", {"revenue": "2703.7", "consensus.revenue": "2515"}, {"consensus.revenue": "2695"}),
    "drift_after_miss": ("cloud", {"revenue": "2703.7", "consensus.revenue": "2915"}, {"consensus.revenue": "2715"}),
    "eps_beat_beyond_sales": (
        "hardware",
        {"revenue": "95359", "consensus.revenue": "94076.2", "eps_diluted": "1.65", "consensus.eps_diluted": "1.60"},
        {"consensus.eps_diluted": "1.66"},
    ),
}
