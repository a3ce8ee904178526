"""A shop with a cart that remembers: search products, fill the cart, order. Products and prices are INVENTED.

    import mocktools
    with mocktools.activate("all") as tools:
        tools.get("add_to_cart").call({"productId": "P-1002"})
        print(tools.get("get_cart").call({}).body)

It starts from `fixtures/products.json` with every fresh state. Not covered: payment, several carts, returns.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field

from mocktools import fixtures, paging, styles
from mocktools.ledger import Ledger, Row
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, conflict, invalid, not_found
from mocktools.text import fold

CATEGORIES = ("kitchen", "office", "electronics", "garden", "sports")
SHIPPING = {"standard": (490, 4), "express": (1290, 1)}  # cents, days
FREE_FROM = 7500  # cents


@dataclass
class Shop:
    """The products by id (`ledger.rows`) with what is in stock, and the quantities in the cart."""

    ledger: Ledger
    cart: dict[str, int] = field(default_factory=dict)


def seeded(today: datetime.date) -> Shop:
    """The shop as it is before anything is done."""
    table = fixtures.table("products")
    ledger = Ledger(today, first=70031, form="A-{}")
    ledger.rows = {row["id"]: dict(row) for row in table["products"]}
    return Shop(ledger, {row["id"]: row["quantity"] for row in table["cart"]})


def _euros(cents: int) -> float:
    return round(cents / 100, 2)


def _product(query: Query) -> Row:
    shop: Shop = query.state
    return shop.ledger.row("product", query.text("productId").upper(), "productId")


def _cart(shop: Shop) -> Row:
    """The cart as replies have it: at most eight of its lines, and the sum of all."""
    lines = [(shop.ledger.rows[name], quantity) for name, quantity in shop.cart.items()]
    subtotal = sum(row["cents"] * quantity for row, quantity in lines)
    return {
        "items": [
            {
                "productId": row["id"],
                "name": row["name"],
                "quantity": quantity,
                "unitPrice": _euros(row["cents"]),
                "lineTotal": _euros(row["cents"] * quantity),
            }
            for row, quantity in lines[:8]
        ],
        "itemCount": sum(shop.cart.values()),
        "subtotal": _euros(subtotal),
        "currency": "EUR",
        "freeShippingFrom": _euros(FREE_FROM),
    }


def _search(query: Query) -> Body:
    shop: Shop = query.state
    wanted = query.values()
    words = fold(wanted.get("query", "")).split()
    rows = [
        row
        for row in shop.ledger.rows.values()
        if wanted.get("category") in (None, row["category"])
        and row["cents"] <= 100 * wanted.get("maxPrice", float("inf"))
        and (row["stock"] or not wanted["inStockOnly"])
        and all(word.removesuffix("s") in fold(f"{row['name']} {row['category']} {row['about']}") for word in words)
    ]
    keys = {"price_asc": lambda row: row["cents"], "price_desc": lambda row: -row["cents"]}
    rows.sort(key=keys.get(wanted["sort"], lambda row: -row["rating"]))
    page = paging.by_page(query, rows, "pageSize", "page")
    return {
        "products": [
            {
                "productId": row["id"],
                "name": row["name"],
                "price": _euros(row["cents"]),
                "currency": "EUR",
                "stock": row["stock"],
                "rating": row["rating"],
                "description": row["about"],
            }
            for row in page.rows
        ],
        "totalResults": page.total,
        "page": page.number,
        "totalPages": page.pages,
    }


def _put(shop: Shop, row: Row, quantity: int) -> Body:
    """Set how many of a product are in the cart."""
    if quantity > row["stock"]:
        few = f"Only {row['stock']} of '{row['name']}' are in stock" if row["stock"] else f"'{row['name']}' is sold out"
        raise conflict(few, "quantity")
    shop.cart[row["id"]] = quantity
    if not quantity:
        del shop.cart[row["id"]]
    shop.ledger.write()
    return _cart(shop)


def _add(query: Query) -> Body:
    shop: Shop = query.state
    row, quantity = _product(query), query.integer("quantity")
    return _put(shop, row, shop.cart.get(row["id"], 0) + quantity)


def _in_cart(query: Query) -> Row:
    row, shop = _product(query), query.state
    if row["id"] not in shop.cart:
        raise not_found(f"Product '{row['id']}' is not in the cart", "productId")
    return row


def _update(query: Query) -> Body:
    row = _in_cart(query)
    return _put(query.state, row, query.integer("quantity"))


def _remove(query: Query) -> Body:
    return _put(query.state, _in_cart(query), 0)


def _discount(query: Query, subtotal: int) -> int:
    """What a coupon takes off, in cents."""
    code = query.text("couponCode").upper()
    percents: dict[str, int] = fixtures.table("products")["coupons"]
    if code and code not in percents:
        raise invalid("couponCode", query.text("couponCode"), "a valid coupon code, e.g. WELCOME10")
    return round(subtotal * percents[code] / 100) if code else 0


def _checkout(query: Query) -> Body:
    shop: Shop = query.state
    wanted = query.values()
    country = wanted["address"]["country"]
    if not shop.cart:
        raise conflict("The cart is empty: add a product first")
    subtotal = sum(shop.ledger.rows[name]["cents"] * quantity for name, quantity in shop.cart.items())
    discount = _discount(query, subtotal)
    cost, days = SHIPPING[wanted["shipping"]]
    if wanted["shipping"] == "standard" and subtotal - discount >= FREE_FROM:
        cost = 0
    count = sum(shop.cart.values())
    for name, quantity in shop.cart.items():
        shop.ledger.rows[name]["stock"] -= quantity
    shop.cart.clear()
    order = shop.ledger.new_id()
    digest = hashlib.sha256(order.encode()).hexdigest()
    return {
        "orderId": order,
        "status": "confirmed",
        "itemCount": count,
        "subtotal": _euros(subtotal),
        "discount": _euros(discount),
        "shippingCost": _euros(cost),
        "total": _euros(subtotal - discount + cost),
        "currency": "EUR",
        "shipTo": {"name": wanted["address"]["name"], "city": wanted["address"]["city"], "country": country.upper()},
        "estimatedDelivery": (query.today + datetime.timedelta(days=days)).isoformat(),
        "trackingCode": f"CS{int(digest[:10], 16) % 10**9:09}",
        "placedAt": shop.ledger.write(),
    }


PRODUCT_ID = Param("productId", "Id of the product", "P-1007", shortest=1, longest=20)
ADDRESS = Param(
    "address", "Where to ship the order",
    {"name": "Ewa Nowak", "street": "Kirkegata 12", "city": "Oslo", "postcode": "0153", "country": "NO"}, "object",
    members=(
        Param("name", "Name of the recipient", "Ewa Nowak", shortest=1, longest=60),
        Param("street", "Street and number", "Kirkegata 12", shortest=1, longest=80),
        Param("city", "City", "Oslo", shortest=1, longest=60),
        Param("postcode", "Postal code", "0153", shortest=1, longest=12),
        Param("country", "Two-letter country code", "NO", pattern="[A-Za-z]{2}"),
    ),
)  # fmt: skip

PROVIDER = Provider(
    name="shop",
    host="api.cornershop.example",
    errors=styles.listed,
    fixtures=("products",),
    state=seeded,
    endpoints=(
        Endpoint(
            tool="search_products",
            description="Search the products of the shop by words, category and price.",
            path="/v2/products",
            params=(
                Param("query", "Words to search for", "lamp", required=False, longest=60),
                Param("category", "Category", "kitchen", required=False, choices=CATEGORIES),
                Param("maxPrice", "Highest price in euros", 40, "number", False, minimum=0, maximum=100000),
                Param("inStockOnly", "Leave out what is sold out", True, "boolean", False, default=False),
                Param(
                    "sort", "Order of the results", "price_asc", required=False, default="best_rated",
                    choices=("best_rated", "price_asc", "price_desc"),
                ),
                paging.limit_param("pageSize", "products", 3, 5),
                paging.page_param("page"),
            ),
            shows=("query",),
            answer=_search,
            tags=("shopping", "search"),
        ),
        Endpoint(
            tool="add_to_cart",
            description="Put a product into the shopping cart; if it is there already, its quantity grows.",
            path="/v2/cart/items",
            method="POST",
            status=201,
            params=(
                Param("productId", "Id of the product", "P-1002", shortest=1, longest=20),
                Param("quantity", "How many", 1, "integer", False, default=1, minimum=1, maximum=50),
            ),
            answer=_add,
            tags=("shopping",),
        ),
        Endpoint(
            tool="update_cart_item",
            description="Set the quantity of a product that is in the shopping cart; 0 takes it out.",
            path="/v2/cart/items/{productId}",
            method="PUT",
            params=(PRODUCT_ID, Param("quantity", "New quantity", 3, "integer", minimum=0, maximum=50)),
            answer=_update,
            tags=("shopping",),
        ),
        Endpoint(
            tool="remove_from_cart",
            description="Take a product out of the shopping cart.",
            path="/v2/cart/items/{productId}",
            method="DELETE",
            params=(PRODUCT_ID,),
            answer=_remove,
            tags=("shopping",),
        ),
        Endpoint(
            tool="get_cart",
            description="Show the shopping cart: its products, quantities, prices and the subtotal.",
            path="/v2/cart",
            answer=lambda query: _cart(query.state),
            tags=("shopping",),
        ),
        Endpoint(
            tool="checkout",
            description="Order everything in the shopping cart and have it shipped to an address.",
            path="/v2/orders",
            method="POST",
            status=201,
            params=(
                ADDRESS,
                Param(
                    "shipping", "How fast", "express", required=False, default="standard", choices=tuple(SHIPPING)
                ),
                Param("couponCode", "Coupon code", "WELCOME10", required=False, longest=20),
            ),
            answer=_checkout,
            tags=("shopping",),
        ),
    ),
)  # fmt: skip
