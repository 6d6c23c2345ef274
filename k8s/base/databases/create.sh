# Create the application's database and its role, without superuser rights. PostgreSQL runs this once, on an empty
# volume.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set role="$APPLICATION_ROLE" --set password="$APPLICATION_PASSWORD" --set database="$APPLICATION_DATABASE" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
