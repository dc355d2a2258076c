// The texts of the pages of figures, in the page's language.
import { language, type Language } from "./language";
import { reportsInChinese } from "./reports-chinese";
import { reportsInEnglish, type ReportTexts } from "./reports-english";

const CATALOGUES: Record<Language, ReportTexts> = { en: reportsInEnglish, zh: reportsInChinese };

export const reports: ReportTexts = CATALOGUES[language];
