import { Router } from "express";
import { requireUser } from "../auth.js";

const router = Router();
router.use(requireUser);

router.get("/", (req, res) => res.json({ id: req.user.id, clerkId: req.user.clerk_id }));
router.patch("/", (req, res) => res.json({ updated: Object.keys(req.body ?? {}) }));

export default router;
