// Begin: take the language, and show the page that the address names.
import { render } from "preact";
import "./styles/tokens.css";
import "./styles/shell.css";
import "./styles/search.css";
import "./styles/customer.css";
import "./styles/timeline.css";
import "./styles/reports.css";
import { language } from "./i18n/language";
import { Shell } from "./shell/shell";

document.documentElement.lang = language;
render(<Shell />, document.getElementById("app")!);
