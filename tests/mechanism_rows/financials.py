"""Mechanisms of banks, insurers, REITs, utilities and energy."""

from __future__ import annotations

from tests.mechanism_rows.row import Row

ROWS: dict[str, Row] = {
    # banks
    "nim_squeezed_by_funding": (
        "banks",
        {"nim": ("2.98", "3.35"), "interest_expense": ("612", "405")},
        {"interest_expense": ("402", "405")},
    ),
    "balances_carry_interest_income": (
        "banks",
        {"net_interest_income": ("410.4", "284.7"), "nim": ("3.43", "3.71")},
        {"nim": ("3.69", "3.71")},
    ),
    "lending_bought_with_margin": (
        "banks",
        {"loans": ("34800", "26000", "30000"), "nim": ("3.43", "3.71", "3.51")},
        {"nim": ("3.53", "3.71", "3.51")},
    ),
    "margin_gain_loses_deposits": ("banks", {"nim": ("3.64", "2.91"), "deposits": ("61200", "65900")}, {"deposits": ("66400", "65900")}),
    "loans_outgrow_deposits": (
        "banks",
        {"loans": ("48300", "43900"), "deposits": ("56100", "55200")},
        {"deposits": ("59900", "55200")},
    ),
    "loans_outgrow_deposits_in_quarter": (
        "banks",
        {"loans": ("34800", None, "30000"), "deposits": ("45300", None, "41900")},
        {"deposits": ("47900", None, "41900")},
    ),
    "provision_leads_charge_offs": (
        "banks",
        {"net_interest_income": "1510", "provision_for_credit_losses": ("268", "114"), "net_charge_off_ratio": "0.31"},
        {"provision_for_credit_losses": ("131", "114")},
    ),
    "reserve_release_lifts_profit": (
        "banks",
        {"provision_for_credit_losses": "-14.5", "net_interest_income": "370.5"},
        {"provision_for_credit_losses": "12.3"},
    ),
    "growth_reserved_upfront": (
        "banks",
        {"loans": ("34800", "26000"), "provision_for_credit_losses": "12.3", "net_charge_off_ratio": "0.04"},
        {"net_charge_off_ratio": "0.61"},
    ),
    "charge_offs_tighten_lending": ("banks", {"net_charge_off_ratio": ("0.59", "0.34")}, {"net_charge_off_ratio": ("0.37", "0.34")}),
    "spare_capital_returns": ("banks", {"cet1_ratio": ("13.4", "12.7"), "buybacks": "250"}, {"cet1_ratio": ("12.6", "12.7")}),
    "thin_capital_rations_growth": ("banks", {"cet1_ratio": "8.7", "loans": ("34800", "26000")}, {"cet1_ratio": "11.4"}),
    "efficiency_slip_meets_payroll": ("banks", {"efficiency_ratio": ("64.8", "58.9")}, {"efficiency_ratio": ("59.4", "58.9")}),
    "low_cost_bank_prices_keenly": ("banks", {"efficiency_ratio": "41.5", "loans": ("34800", "26000")}, {"efficiency_ratio": "58.2"}),
    "fees_carry_revenue": (
        "banks",
        {"revenue": ("4210", "3820"), "net_interest_income": ("2390", "2360")},
        {"net_interest_income": ("2590", "2360")},
    ),
    # insurers
    "underwriting_profit_invites_capacity": (
        "insurers",
        {"combined_ratio": "86.1", "premiums_earned": ("11420", "10360")},
        {"combined_ratio": "96.4"},
    ),
    "underwriting_loss_raises_rates": ("insurers", {"combined_ratio": "106.2"}, {"combined_ratio": "98.9"}),
    "losses_outrun_earned_rate": (
        "insurers",
        {"loss_ratio": ("74.6", "68.9"), "premiums_earned": ("8120", "7540")},
        {"loss_ratio": ("69.4", "68.9")},
    ),
    "new_business_runs_worse": (
        "insurers",
        {"premiums_earned": ("14300", "12100"), "combined_ratio": ("95.2", "92.8")},
        {"combined_ratio": ("91.7", "92.8")},
    ),
    "earned_rate_still_flowing": (
        "insurers",
        {"premiums_earned": ("10560", "9720"), "combined_ratio": ("91.4", "96.8")},
        {"combined_ratio": ("96.5", "96.8")},
    ),
    "discipline_leaves_volume_to_rivals": (
        "insurers",
        {"premiums_earned": ("2140", "2260"), "combined_ratio": "91.2"},
        {"premiums_earned": ("2310", "2260")},
    ),
    # reits
    "tight_space_raises_renewals": ("reits", {"same_property_noi_growth": "5.8", "occupancy": "96.4"}, {"occupancy": "88.2"}),
    "vacancy_brings_concessions": ("reits", {"occupancy": ("86.3", "88.9")}, {"occupancy": ("88.6", "88.9")}),
    "noi_decline_reaches_lenders": ("reits", {"same_property_noi_growth": "-3.2"}, {"same_property_noi_growth": "1.2"}),
    "rent_growth_costs_occupancy": (
        "reits",
        {"same_property_noi_growth": "4.1", "occupancy": ("95.1", "96.2")},
        {"occupancy": ("96.3", "96.2")},
    ),
    "dividend_takes_the_cash": (
        "reits",
        {"dividend_per_share": "0.67", "ffo_per_share": ("0.71", "0.74")},
        {"dividend_per_share": "0.51"},
    ),
    "retained_ffo_funds_growth": (
        "reits",
        {"dividend_per_share": "0.96", "ffo_per_share": ("1.61", "1.49")},
        {"dividend_per_share": "1.21"},
    ),
    "noi_lost_before_ffo": (
        "reits",
        {"same_property_noi_growth": "3.4", "ffo_per_share": ("1.12", "1.17")},
        {"ffo_per_share": ("1.21", "1.17")},
    ),
    "leverage_hands_deals_to_rivals": ("reits", {"net_debt_to_ebitda": "7.3"}, {"net_debt_to_ebitda": "5.1"}),
    "interest_outgrows_rent": (
        "reits",
        {"interest_expense": ("84.6", "67.2"), "revenue": ("412", "398")},
        {"interest_expense": ("68.9", "67.2")},
    ),
    # utilities
    "rate_base_reaches_bills": ("utilities", {"rate_base": ("31400", "28700")}, {"rate_base": ("29300", "28700")}),
    "rate_base_outruns_earnings": (
        "utilities",
        {"rate_base": ("31400", "28700"), "adjusted_eps": ("1.08", "1.06")},
        {"adjusted_eps": ("1.17", "1.06")},
    ),
    "build_sells_shares": ("utilities", {"capex": "1420", "operating_cash_flow": "860"}, {"capex": "790"}),
    "interest_waits_for_rate_case": (
        "utilities",
        {"interest_expense": ("318", "267"), "operating_income": ("742", "711")},
        {"interest_expense": ("271", "267")},
    ),
    "grid_build_fills_order_books": ("utilities", {"capex": ("1420", "1130")}, {"capex": ("1160", "1130")}),
    "higher_bills_draw_the_regulator": (
        "utilities",
        {"revenue": ("4380", "3920"), "operating_income": ("905", "790")},
        {"operating_income": ("795", "790")},
    ),
    # energy
    "volume_meets_falling_price": (
        "energy",
        {"production_volume": ("2389000", "2076000"), "realized_price": ("45.77", "54.39")},
        {"production_volume": ("2069000", "2076000")},
    ),
    "restraint_supports_price": (
        "energy",
        {"realized_price": ("71.60", "62.40"), "capex": ("2780", "2890")},
        {"capex": ("3480", "2890")},
    ),
    "price_fall_reaches_services": (
        "energy",
        {"realized_price": ("61.20", "77.80"), "capex": ("940", "920")},
        {"realized_price": ("76.10", "77.80")},
    ),
    "budget_rise_fills_rigs": (
        "energy",
        {"capex": ("1180", "870"), "realized_price": ("79.30", "68.10")},
        {"capex": ("880", "870")},
    ),
    "price_pays_the_owner": (
        "energy",
        {"realized_price": ("79.30", "68.10"), "free_cash_flow": "1240", "buybacks": "500"},
        {"realized_price": ("68.90", "68.10")},
    ),
    "payout_outlives_price": (
        "energy",
        {"realized_price": ("61.20", "77.80"), "free_cash_flow": "640", "buybacks": "600"},
        {"buybacks": "150"},
    ),
    "decline_without_reinvestment": (
        "energy",
        {"production_volume": ("171000", "183000"), "capex": ("420", "530")},
        {"production_volume": ("184000", "183000")},
    ),
    "borrowing_base_follows_price": (
        "energy",
        {"realized_price": ("2.11", "3.06"), "net_debt_to_ebitda": "2.4"},
        {"realized_price": ("2.98", "3.06")},
    ),
}
