select
    cast(id as string) as record_id,
    '1' as load_id,
    timestamp '2026-03-01 12:00:00' as updated_at,
    false as is_deleted,
    cast(null as string) as quarantine_reason,
    'not copied' as contact_name
from range(3)
