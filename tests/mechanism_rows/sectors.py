"""Mechanisms of single sectors: retail, staples, restaurants, industrials, travel, healthcare, autos, telecom, hardware, internet."""

from __future__ import annotations

from tests.mechanism_rows.row import Row

ROWS: dict[str, Row] = {
    # retail
    "store_costs_outrun_comps": (
        "retail",
        {"revenue": ("53648", "52596"), "sga_expense": ("4794", "4450"), "same_store_sales": "0.3"},
        {"sga_expense": ("4594", "4450")},
    ),
    "slow_comps_thin_reorders": ("retail", {"same_store_sales": "0.3"}, {"same_store_sales": "3.3"}),
    "slow_comps_invite_price_cuts": (
        "retail",
        {"same_store_sales": "0.3", "gross_margin": ("12.1", "11.9")},
        {"gross_margin": ("11.6", "11.9")},
    ),
    "falling_comps_reach_store_hours": (
        "retail",
        {"revenue": ("9583", "10329"), "sga_expense": ("1879", "1882"), "same_store_sales": "-6.2"},
        {"sga_expense": ("1769", "1882")},
    ),
    "stock_ahead_of_comps": (
        "retail",
        {"revenue": ("25171", "24197"), "inventory": ("15083", "11525"), "same_store_sales": "-0.7", "gross_margin": ("25.7", "30.0")},
        {"inventory": ("11625", "11525")},
    ),
    "clean_stock_spares_rivals": (
        "retail",
        {"revenue": ("9583", "10329"), "inventory": ("5651", "6043"), "gross_margin": ("23.2", "22.1")},
        {"inventory": ("6051", "6043")},
    ),
    "new_doors_carry_growth": (
        "retail",
        {"revenue": ("9342", "8651"), "same_store_sales": "1.1", "store_count": ("19104", "18216")},
        {"same_store_sales": "5.7"},
    ),
    "closed_stores_feed_rivals": ("retail", {"store_count": ("1310", "1392")}, {"store_count": ("1388", "1392")}),
    "vendors_fund_promotions": (
        "retail",
        {"same_store_sales": "-6.2", "gross_margin": ("23.2", "22.1")},
        {"gross_margin": ("21.9", "22.1")},
    ),
    "margin_slips_without_stock": (
        "retail",
        {"revenue": ("5390", "5180"), "inventory": ("2860", "2900"), "gross_margin": ("28.4", "29.6")},
        {"inventory": ("3260", "2900")},
    ),
    "guided_comps_need_a_turn": (
        "retail",
        {"same_store_sales": "-6.2", "guidance.same_store_sales": ("-6.0", "-4.5")},
        {"guidance.same_store_sales": ("-7.0", "-6.0")},
    ),
    # consumer staples
    "price_opens_shelf_gap": (
        "consumer_staples",
        {"organic_growth": "9.6", "units_sold.yoy": "-3.0"},
        {"units_sold.yoy": "1.5"},
    ),
    "reported_trails_organic": (
        "consumer_staples",
        {"revenue": ("17846", "16200"), "organic_growth": "14.3"},
        {"organic_growth": "11.3"},
    ),
    "bought_growth_laps": (
        "industrials",
        {"revenue": ("1570", "1725"), "organic_growth": "-12"},
        {"organic_growth": "-9"},
    ),
    "currency_takes_growth": (
        "restaurants",
        {"revenue": ("5897.8", "5665.6"), "constant_currency_growth": "8"},
        {"constant_currency_growth": "5"},
    ),
    "currency_recovered_in_local_prices": (
        "consumer_staples",
        {"revenue": ("17846", "16200"), "organic_growth": "14.3"},
        {"organic_growth": "11.3"},
    ),
    "cases_fall_while_sales_rise": (
        "consumer_staples",
        {"revenue": ("12535", "12363"), "units_sold.yoy": "-1"},
        {"units_sold.yoy": "1"},
    ),
    "lost_volume_brings_promotion": (
        "consumer_staples",
        {"revenue": ("5805", "5967"), "units_sold.yoy": "-4.2"},
        {"revenue": ("6067", "5967")},
    ),
    "price_rounds_pass_anniversary": (
        "consumer_staples",
        {"organic_growth": "14.3", "guidance.organic_growth": "8"},
        {"guidance.organic_growth": "13"},
    ),
    "margin_gain_not_yet_spent": (
        "consumer_staples",
        {"revenue": ("12535", "12363"), "gross_margin": ("62.4", "61.1"), "sga_expense": ("3470", "3549")},
        {"sga_expense": ("3670", "3549")},
    ),
    "trade_loaded_ahead_of_shelf": (
        "consumer_staples",
        {"revenue": ("4310", "4250"), "accounts_receivable": ("2260", "1980")},
        {"accounts_receivable": ("2060", "1980")},
    ),
    # restaurants
    "comps_fill_the_ad_fund": ("restaurants", {"same_store_sales": "12.6"}, {"same_store_sales": "2.6"}),
    "weak_guest_counts_start_value_war": ("restaurants", {"same_store_sales": "-1.4"}, {"same_store_sales": "2.4"}),
    "royalties_outlast_sales": (
        "restaurants",
        {"revenue": ("5897.8", "5665.6"), "same_store_sales": "12.6", "operating_income": ("2532.4", "2312.6")},
        {"operating_income": ("2232.4", "2312.6")},
    ),
    "system_buys_for_comps": (
        "restaurants",
        {"revenue": ("5897.8", "5665.6"), "same_store_sales": "12.6"},
        {"same_store_sales": "4.6"},
    ),
    # industrials
    "orders_trail_shipments_upstream": ("industrials", {"book_to_bill": "0.87"}, {"book_to_bill": "1.02"}),
    "orders_exceed_shipments": ("industrials", {"book_to_bill": "1.24"}, {"book_to_bill": "1.02"}),
    "backlog_outgrows_sales": (
        "industrials",
        {"revenue": ("5560", "5050"), "backlog": ("9300", "6900")},
        {"backlog": ("7300", "6900")},
    ),
    "backlog_burned_for_growth": (
        "industrials",
        {"revenue": ("2278", "1981"), "backlog": ("4130", "5160")},
        {"backlog": ("5230", "5160")},
    ),
    "order_fall_reaches_shifts": (
        "industrials",
        {"revenue": ("4820", "4700"), "bookings": ("4310", "4890")},
        {"bookings": ("4810", "4890")},
    ),
    "cost_ahead_of_price": (
        "industrials",
        {"revenue": ("3260", "3010"), "gross_margin": ("33.1", "35.6")},
        {"gross_margin": ("35.4", "35.6")},
    ),
    "price_ahead_of_cost": (
        "industrials",
        {"revenue": ("3050", "3010"), "gross_margin": ("37.4", "35.2")},
        {"revenue": ("3350", "3010")},
    ),
    "guided_recovery_pulls_inputs": (
        "industrials",
        {"organic_growth": "-12", "guidance.organic_growth": ("3.5", "6.5")},
        {"guidance.organic_growth": ("-6.5", "-3.5")},
    ),
    "channel_destock_overshoots": ("industrials", {"organic_growth": "-12"}, {"organic_growth": "-2"}),
    "recurring_base_cushions_cycle": (
        "industrials",
        {"revenue.yoy": "-9", "arr.yoy": "6"},
        {"revenue.yoy": "9"},
    ),
    # travel
    "unit_cost_outruns_unit_revenue": ("travel", {"casm.yoy": "5.2", "rasm.yoy": "-1.9"}, {"rasm.yoy": "4.9"}),
    "unit_spread_attracts_seats": ("travel", {"casm.yoy": "1.8", "rasm.yoy": "7.4"}, {"rasm.yoy": "2.4"}),
    "emptier_planes_sell_cheaper": ("travel", {"load_factor": ("80.6", "83.1")}, {"load_factor": ("82.9", "83.1")}),
    "full_planes_raise_fares": ("travel", {"load_factor": ("87.2", "85.4")}, {"load_factor": ("85.5", "85.4")}),
    "room_rate_leads_revpar": (
        "travel",
        {"revpar": ("0.000132", "0.000124"), "occupancy": ("71.2", "72.0")},
        {"occupancy": ("73.1", "72.0")},
    ),
    "falling_revpar_strains_hotel_debt": ("travel", {"revpar.yoy": "-4.6"}, {"revpar.yoy": "1.2"}),
    "guest_credit_outgrows_sales": (
        "travel",
        {"revenue": ("3592.2", "3056.9"), "accounts_receivable": ("852.1", "583.9")},
        {"accounts_receivable": ("652.1", "583.9")},
    ),
    # healthcare
    "medical_cost_reprices_premiums": ("healthcare", {"medical_loss_ratio": ("89.4", "85.1")}, {"medical_loss_ratio": ("85.4", "85.1")}),
    "medical_cost_is_provider_revenue": ("healthcare", {"medical_loss_ratio": ("89.4", "85.1")}, {"medical_loss_ratio": ("85.4", "85.1")}),
    "cheap_claims_draw_bids": ("healthcare", {"medical_loss_ratio": ("82.2", "85.1")}, {"medical_loss_ratio": ("84.9", "85.1")}),
    "shrinking_sales_buy_pipeline": (
        "healthcare",
        {"revenue": ("12870", "14960"), "rnd_expense": ("2680", "2590")},
        {"rnd_expense": ("2280", "2590")},
    ),
    "research_cut_reaches_contractors": (
        "healthcare",
        {"rnd_expense": ("2203", "2563")},
        {"rnd_expense": ("2503", "2563")},
    ),
    "launch_spend_ahead_of_sales": (
        "healthcare",
        {"revenue": ("7640", "7310"), "sga_expense": ("2310", "1930")},
        {"sga_expense": ("2010", "1930")},
    ),
    # autos
    "cars_lose_price_and_volume": (
        "autos",
        {"revenue": ("22496", "25500"), "gross_margin": ("17.2", "18.0")},
        {"gross_margin": ("18.4", "18.0")},
    ),
    "cars_built_ahead_of_sales": (
        "autos",
        {"revenue": ("42777", "44997"), "inventory": ("17880", "16010")},
        {"inventory": ("15880", "16010")},
    ),
    "price_cuts_reach_used_values": (
        "autos",
        {"revenue": ("23350", "21454"), "units_sold": ("435059", "343830")},
        {"units_sold": ("365059", "343830")},
    ),
    "research_kept_through_falling_sales": (
        "autos",
        {"revenue": ("22496", "25500"), "rnd_expense": ("1589", "1074")},
        {"rnd_expense": ("1089", "1074")},
    ),
    # telecom
    "price_taken_from_shrinking_base": (
        "telecom",
        {"arpu.yoy": "3.1", "customers": ("30400000", "31100000")},
        {"customers": ("31400000", "31100000")},
    ),
    "subscribers_bought_with_price": (
        "telecom",
        {"arpu.yoy": "-1.8", "customers": ("32400000", "31100000")},
        {"arpu.yoy": "0.8"},
    ),
    "network_built_cash_to_lenders": (
        "telecom",
        {"revenue": "30530", "capex": ("4390", "5820"), "total_debt": "151000"},
        {"capex": ("5790", "5820")},
    ),
    # hardware
    "replacements_put_off": (
        "hardware",
        {"units_sold": ("46100000", "50800000")},
        {"units_sold": ("51100000", "50800000")},
    ),
    "price_mix_starves_components": (
        "hardware",
        {"average_selling_price.yoy": "6.4", "units_sold": ("46100000", "50800000")},
        {"units_sold": ("51100000", "50800000")},
    ),
    "customers_digest_deliveries": (
        "hardware",
        {"revenue": ("14668", "13632"), "bookings.yoy": "-20"},
        {"bookings.yoy": "4"},
    ),
    "parts_bought_ahead": (
        "hardware",
        {"revenue": ("22334", "21700", "23900"), "inventory": ("6920", "6300", "5870")},
        {"inventory": ("5920", "6300", "5870")},
    ),
    # internet
    "monetisation_without_audience": (
        "internet",
        {"arpu.yoy": "11.2", "active_users": ("498000000", "493000000")},
        {"active_users": ("538000000", "493000000")},
    ),
    "audience_ahead_of_monetisation": (
        "internet",
        {"arpu.yoy": "-3.4", "active_users": ("422000000", "383000000")},
        {"arpu.yoy": "3.4"},
    ),
    "fee_cut_buys_volume": (
        "internet",
        {"gmv": ("19450", "16900"), "take_rate": ("11.6", "12.4")},
        {"take_rate": ("12.5", "12.4")},
    ),
    "heavy_buyers_remain": (
        "internet",
        {"gmv": ("18410", "19409"), "active_buyers": ("133000000", "142000000")},
        {"gmv": ("17410", "19409")},
    ),
}
