// What feedsmith, a reader written in TypeScript, finds in feeds: one JSON list.
import { readFileSync } from "node:fs";
import { parseFeed } from "feedsmith";

const found = process.argv.slice(2).map((file) => {
  const { format, feed } = parseFeed(readFileSync(file, "utf8"));
  const entries = feed.items ?? feed.entries ?? [];
  return {
    file,
    format,
    title: text(feed.title),
    items: entries.map((one) => ({
      id: one.guid?.value ?? one.id,
      title: text(one.title),
      href: one.link ?? one.url ?? one.links?.[0]?.href,
      at: new Date(one.pubDate ?? one.published ?? one.date_published).toISOString(),
      authors: (one.dc?.creators ?? one.authors ?? []).map((author) => author.name ?? author),
      categories: (one.categories ?? one.tags ?? []).map((tag) => tag.term ?? tag.name ?? tag),
      content: text(one.content?.encoded ?? one.content ?? one.content_html),
    })),
  };
});
console.log(JSON.stringify(found));

function text(value) {
  return typeof value === "object" ? value?.value : value;
}
