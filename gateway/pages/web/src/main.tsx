// Begin: take the language, and show the page that the address names.
import { render } from "preact";
import "./styles/tokens.css";
import "./styles/shell.css";
import "./styles/search.css";
import "./customer/customer-page.css";
import "./customer/states.css";
import "./customer/header.css";
import "./customer/strip.css";
import "./customer/tickets.css";
import "./customer/orders.css";
import "./customer/contacts.css";
import "./customer/records.css";
import "./customer/tags.css";
import "./customer/as-query.css";
import "./shell/door.css";
import "./shell/bar.css";
import "./styles/timeline.css";
import "./styles/reports.css";
import { language } from "./i18n/language";
import { Shell } from "./shell/shell";

document.documentElement.lang = language;
render(<Shell />, document.getElementById("app")!);
