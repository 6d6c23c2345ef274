# Runs once, when PostgreSQL starts on an empty volume: the application's database and its role, which is no superuser.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set role="$APPLICATION_ROLE" --set password="$APPLICATION_PASSWORD" --set database="$APPLICATION_DATABASE" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
