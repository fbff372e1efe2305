-- The people of the matrix and one row of everything for Alice. Works before and after the Clerk migration.
INSERT INTO users (id, email, clerk_user_id, onboarding_completed) VALUES
    (1, 'alice@example.com', 'user_2alice000000000000000000001', true),
    (2, 'bob@example.com', 'user_2bob00000000000000000000001', true),
    (3, 'admin@example.com', 'user_2admin000000000000000000001', true),
    (4, 'member@example.com', 'user_2member00000000000000000001', true),
    (5, 'carol@example.com', NULL, false);
INSERT INTO profiles (id, user_id, headline, bio, location, visible) VALUES (1, 1, 'Engineer', 'Builds bridges.', 'Bergen', true);
INSERT INTO onboarding_answers (id, user_id, step, answer) VALUES (1, 1, 'interests', 'bridges');
INSERT INTO conversations (id, user_id, title, archived) VALUES (1, 1, 'Which degree?', false), (2, 2, 'Night shifts', false);
INSERT INTO messages (id, user_id, conversation_id, role, content) VALUES
    (1, 1, 1, 'user', 'Which degree suits me?'), (2, 1, 1, 'assistant', 'Tell me more.'), (3, 2, 2, 'user', 'Hello');
INSERT INTO share_links (id, user_id, conversation_id, token) VALUES (1, 1, 1, 'shared-by-alice');
INSERT INTO peer_links (id, user_id, peer_id) VALUES (1, 1, 2);
INSERT INTO peer_messages (id, user_id, peer_id, text) VALUES (1, 1, 2, 'Hi Bob');
INSERT INTO jobs (id, title, company, location) VALUES (1, 'Bridge engineer', 'Statens vegvesen', 'Oslo'), (2, 'Nurse', 'Haukeland', 'Bergen');
INSERT INTO saved_jobs (id, user_id, job_id, note) VALUES (1, 1, 1, 'apply in May');
INSERT INTO courses (id, title, provider) VALUES (1, 'Statics', 'NTNU');
INSERT INTO enrollments (id, user_id, course_id, progress) VALUES (1, 1, 1, 40);
INSERT INTO recommendations (id, user_id, kind, reason, dismissed) VALUES (1, 1, 'career', 'You like bridges', false);
INSERT INTO careers (id, code, title) VALUES (1, '17-2051', 'Civil engineer'), (2, '29-1141', 'Nurse');
INSERT INTO career_goals (id, user_id, career_id, target, notes) VALUES (1, 1, 1, '2027-06-01', 'finish the degree');
INSERT INTO career_steps (id, user_id, goal_id, title, done) VALUES (1, 1, 1, 'Find a mentor', false);
INSERT INTO competence_nodes (id, user_id, name, level, parent_id) VALUES (1, 1, 'Mathematics', 3, NULL);
INSERT INTO tree_paths (id, user_id, name, nodes) VALUES (1, 1, 'To the bridge', '[1]');
INSERT INTO node_notes (id, user_id, node_id, text) VALUES (1, 1, 1, 'Revise vectors');
INSERT INTO space_items (id, user_id, title, content, pinned) VALUES (1, 1, 'Ideas', 'A footbridge', false);
INSERT INTO education_entries (id, user_id, institution, degree, year) VALUES (1, 1, 'NTNU', 'MSc', 2025);
INSERT INTO school_programs (id, school, name) VALUES (1, 'NTNU', 'Civil engineering');
INSERT INTO program_favorites (id, user_id, program_id) VALUES (1, 1, 1);
INSERT INTO test_results (id, user_id, kind, scores) VALUES
    (1, 1, 'holland', '{"realistic": 4}'), (2, 1, 'hexaco', '{"honesty": 5}');
INSERT INTO insights (id, user_id, text, pinned) VALUES (1, 1, 'You ask good questions.', false);
INSERT INTO reflections (id, user_id, prompt, text) VALUES (1, 1, 'What did you enjoy this week?', 'The model bridge.');
INSERT INTO avatars (id, user_id, content_type, data) VALUES (1, 1, 'image/png', '\x89504e47');
INSERT INTO user_progress (id, user_id, xp, streak) VALUES (1, 1, 120, 3);
INSERT INTO search_documents (id, user_id, text) VALUES (1, 1, 'A bridge of oak');

-- The next rows get numbers after these.
SELECT setval(pg_get_serial_sequence(quote_ident(t), 'id'), 100)
FROM unnest(ARRAY[
    'users', 'profiles', 'onboarding_answers', 'conversations', 'messages', 'share_links', 'peer_links', 'peer_messages',
    'jobs', 'saved_jobs', 'courses', 'enrollments', 'recommendations', 'careers', 'career_goals', 'career_steps',
    'competence_nodes', 'tree_paths', 'node_notes', 'space_items', 'education_entries', 'school_programs',
    'program_favorites', 'test_results', 'insights', 'reflections', 'avatars', 'user_progress', 'search_documents'
]) AS t;
