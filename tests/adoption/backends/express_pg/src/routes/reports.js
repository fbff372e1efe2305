import { Router } from "express";
import { requireUser, requireUserOrOldToken } from "../auth.js";
import { query } from "../db.js";

const router = Router();

router.get("/", requireUser, async (req, res) => {
  const { rows } = await query("SELECT id, title FROM reports WHERE user_id = $1", [req.user.id]);
  res.json(rows);
});

router.post("/", requireUser, async (req, res) => {
  if (typeof req.body?.title !== "string") return res.status(422).json({ error: "title is required" });
  const { rows } = await query("INSERT INTO reports (user_id, title) VALUES ($1, $2) RETURNING id", [
    req.user.id,
    req.body.title,
  ]);
  res.status(201).json(rows[0]);
});

router.get("/:id", requireUser, async (req, res) => {
  const { rows } = await query("SELECT id, title FROM reports WHERE id::text = $1 AND user_id = $2", [
    req.params.id,
    req.user.id,
  ]);
  if (!rows.length) return res.status(404).json({ error: "Not found" });
  res.json(rows[0]);
});

router.get("/:id/download", requireUserOrOldToken, (req, res) => {
  res.type("text/plain").send(`Report ${req.params.id} for ${req.user.id}`);
});

export default router;
