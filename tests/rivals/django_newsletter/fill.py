"""Make the site's database and queue one message for as many subscribers as the argument says.

What the administration's pages do: a newsletter, its subscriptions, a message with an article, and
a submission that was told to go out.
"""

from __future__ import annotations

import sys

import django
from django.core.management import call_command

django.setup()

from newsletter.models import Article, Message, Newsletter, Submission, Subscription  # noqa: E402

call_command("migrate", verbosity=0)
papers = Newsletter.objects.create(
    title="Papers", slug="papers", email="papers@rival.example", sender="Papers"
)
for number in range(int(sys.argv[1])):
    Subscription.objects.create(
        newsletter=papers, email_field=f"r{number:03}@example.org", subscribed=True
    )
message = Message.objects.create(title="Today", slug="today", newsletter=papers)
Article.objects.create(title="A paper", text="What it says.", post=message)
submission = Submission.from_message(message)
submission.prepared = True
submission.save()
