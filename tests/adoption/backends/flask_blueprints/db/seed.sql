INSERT INTO users (id, clerk_user_id, email, name, is_admin) VALUES
  (1, 'user_2aliceshop', 'alice@shop.example', 'Alice', false),
  (2, 'user_2bobshop', 'bob@shop.example', 'Bob', false),
  (3, 'user_2ownershop', 'owner@shop.example', 'Olga', true);
SELECT setval('users_id_seq', 10);
INSERT INTO products (id, name, price) VALUES (1, 'Chair', 4900), (2, 'Table', 19900);
INSERT INTO orders (id, user_id, product_id, amount) VALUES (1, 1, 1, 4), (2, 2, 2, 1);
SELECT setval('orders_id_seq', 10);
