-- Revenue of each city and month
SELECT
  customers.city,
  substr(orders.day, 1, 7) AS month,
  count(*) AS orders,
  sum(orders.quantity * products.price) AS revenue
FROM orders
JOIN customers USING (customer)
JOIN products USING (product)
GROUP BY customers.city, month
ORDER BY month, customers.city
