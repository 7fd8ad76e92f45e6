// Mails as postal-mime reads them: one JSON list.
import { readFileSync } from "node:fs";
import PostalMime from "postal-mime";

const read = async (file) => {
  const mail = await PostalMime.parse(readFileSync(file));
  return {
    headers: mail.headers.map(({ key, value }) => [key, value]),
    from: mail.from,
    to: mail.to,
    subject: mail.subject ?? "",
    messageId: mail.messageId,
    text: mail.text,
    html: mail.html,
    attachments: mail.attachments.length,
  };
};
console.log(JSON.stringify(await Promise.all(process.argv.slice(2).map(read))));
