"""The export files of the social networks themselves: posts of LinkedIn, Facebook, Instagram, X and
YouTube, and a list of followers per day.

The networks do not publish the headings of their exports, and change them: those below are
assumptions, English and Dutch, that `mapping.yaml` overrides. So are their dates. The Dutch heading
"Reacties" is no alias: it means comments on one network and reactions on another, so say which. A
file that does not name its page or account gets it from `fixed` in `mapping.yaml`, by its name.

Interactions are the total where the file gives one, else reactions, comments and shares together,
where it gives all three; what it leaves out makes them unknown, not smaller. Numbers may be
shortened (`1.2K`), and a dash or `N/A` is an empty cell.

What these exports tell of followers is how many came on a day, as far as is known, and not how many
there are. The stream `profile_days` takes the latter, from a list of your own.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream, Variant

LINKEDIN = Variant(
    "LinkedIn",
    headings={
        "post_id": ("Post link", "Link naar bijdrage"),
        "profile": ("Page name", "Paginanaam"),
        "campaign": ("Campaign name", "Campagnenaam"),
        "published_at": ("Created date", "Aanmaakdatum"),
        "impressions": ("Impressions", "Weergaven"),
        "clicks": ("Clicks", "Klikken"),
        "reactions": ("Likes", "Vind-ik-leuks"),
        "comments": ("Comments", "Commentaren"),
        "shares": ("Reposts", "Keren gedeeld"),
    },
    says={"network": "LinkedIn"},
    date="mm/dd/yyyy",
)
_META = {
    "post_id": ("Post ID", "Bericht-ID"),
    "published_at": ("Publish time", "Publicatietijdstip"),
    "impressions": ("Views", "Impressions", "Weergaven", "Vertoningen"),
    "reach": ("Reach", "Bereik"),
    "comments": ("Comments", "Opmerkingen"),
    "shares": ("Shares", "Deelacties"),
}
FACEBOOK = Variant(
    "Facebook",
    headings={
        **_META,
        "profile": ("Page name", "Paginanaam"),
        "engagements": (
            "Reactions, comments and shares",
            "Reacties, opmerkingen en deelacties",
        ),
        "reactions": ("Reactions",),
        "clicks": ("Total clicks", "Totaal aantal klikken"),
    },
    says={"network": "Facebook"},
    date="mm/dd/yyyy",
)
INSTAGRAM = Variant(
    "Instagram",
    headings={
        **_META,
        "profile": ("Account username", "Gebruikersnaam van account"),
        "reactions": ("Likes", "Vind-ik-leuks"),
    },
    says={"network": "Instagram"},
    date="mm/dd/yyyy",
)
X = Variant(
    "X",
    headings={
        "post_id": ("Post id", "Post-id"),
        "profile": ("Account",),
        "published_at": ("Date", "Datum"),
        "impressions": ("Impressions", "Weergaven"),
        "clicks": ("URL Clicks", "URL-klikken"),
        "reactions": ("Likes", "Vind-ik-leuks"),
        "comments": ("Replies", "Antwoorden"),
        "shares": ("Reposts",),
    },
    says={"network": "X"},
    date="mmm d, yyyy",
)
YOUTUBE = Variant(
    "YouTube",
    headings={
        "post_id": ("Content", "Video ID", "Video-ID"),
        "profile": ("Channel", "Kanaal"),
        "published_at": ("Video publish time", "Publicatietijd van video"),
        "impressions": ("Impressions", "Vertoningen"),
        "reach": ("Unique viewers", "Unieke kijkers"),
        "reactions": ("Likes", "Vind-ik-leuks"),
        "comments": ("Comments added", "Toegevoegde reacties"),
        "shares": ("Shares", "Keren gedeeld"),
    },
    says={"network": "YouTube"},
    date="mmm d, yyyy",
)
_NETWORK = Field("network", headings=("Network", "Netwerk", "Platform"), required=True)
_PROFILE = Field(
    "profile",
    headings=("Profile", "Profiel", "Page", "Pagina", "Channel", "Kanaal", "Account"),
    required=True,
)

CONNECTOR = Connector(
    name="platforms",
    label="Exports of social networks",
    kind="social",
    file_format=FileFormat(compact=True, blanks=("-", "--", "N/A", "n.v.t.")),
    streams=(
        Stream(
            name="posts",
            description="One row is one post with its totals at the moment of export.",
            key=("network", "profile", "post_id"),
            activity="published_at",
            fields=(
                _NETWORK,
                _PROFILE,
                Field("post_id", headings=("Post ID", "Bericht-ID"), required=True),
                Field("campaign", headings=("Campaign", "Campagne", "Tag")),
                Field(
                    "published_at",
                    "datetime",
                    headings=("Published at", "Gepubliceerd op"),
                    required=True,
                ),
                Field("impressions", "integer", headings=("Impressions", "Vertoningen")),
                Field("reach", "integer", headings=("Reach", "Bereik")),
                Field("clicks", "integer", headings=("Clicks", "Klikken", "Kliks")),
                Field("engagements", "integer", headings=("Engagements", "Interacties")),
                Field("reactions", "integer", headings=("Reactions", "Likes")),
                Field("comments", "integer", headings=("Comments", "Opmerkingen")),
                Field("shares", "integer", headings=("Shares", "Deelacties")),
            ),
            variants=(LINKEDIN, FACEBOOK, INSTAGRAM, X, YOUTUBE),
        ),
        Stream(
            name="profile_days",
            description="One row is the number of followers of one profile at the end of one day.",
            key=("network", "profile", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                _NETWORK,
                _PROFILE,
                Field("snapshot_date", "date", headings=("Date", "Datum"), required=True),
                Field("followers", "integer", headings=("Followers", "Volgers"), required=True),
            ),
        ),
    ),
)
