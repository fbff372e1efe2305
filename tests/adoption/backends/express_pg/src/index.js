import "dotenv/config";
import { clerkMiddleware } from "@clerk/express";
import cors from "cors";
import express from "express";
import helmet from "helmet";
import morgan from "morgan";
import account from "./routes/account.js";
import reports from "./routes/reports.js";

const app = express();
const clientUrl = process.env.CLIENT_URL || "http://localhost:5173";

app.use(helmet());
app.use(morgan("tiny"));
app.use(cors({ origin: clientUrl, credentials: true }));
app.use(express.json());
app.use(clerkMiddleware({ authorizedParties: [clientUrl] }));

app.get("/health", (req, res) => res.json({ ok: true }));
app.use("/api/reports", reports);
app.use("/api/account", account);

app.use((req, res) => res.status(404).json({ error: "Not found" }));
app.use((err, req, res, next) => {
  console.error(err);
  res.status(500).json({ error: "Internal error" });
});

const port = process.env.PORT || 3001;
app.listen(port, () => console.log(`listening on ${port}`));
