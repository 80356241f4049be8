{# A social network as people write it; a tool's own word for it, in small letters, may differ. #}
{% macro network_name(cell) -%}
case lower({{ cell }})
    when 'linkedin' then 'LinkedIn'
    when 'facebook' then 'Facebook'
    when 'instagram' then 'Instagram'
    when 'twitter' then 'X'
    when 'x' then 'X'
    when 'youtube' then 'YouTube'
    when 'tiktok' then 'TikTok'
    when 'googlebusiness' then 'Google Business'
    when 'bluesky' then 'Bluesky'
    when 'mastodon' then 'Mastodon'
    when 'pinterest' then 'Pinterest'
    when 'threads' then 'Threads'
    else {{ cell }}
end
{%- endmacro %}

{# The sum of those of the whole numbers that are told; null where none is. #}
{% macro sum_of_told(cells) -%}
case
    when coalesce({% for cell in cells %}{{ as_integer(cell) }}{{ ', ' if not loop.last }}{% endfor %}) is not null
        then {% for cell in cells %}coalesce({{ as_integer(cell) }}, 0){{ ' + ' if not loop.last }}{% endfor %}

end
{%- endmacro %}
