# Write the configuration of Redis and Sentinel before they start. The leader is the one that another Sentinel reports,
# or else the first pod. Both servers rewrite their files when the leader changes, so they get copies.
set -eu
me=$POD.redis-nodes
leader=redis-0.redis-nodes
for other in redis-0 redis-1 redis-2; do
    known=$(timeout 3 redis-cli -h "$other.redis-nodes" -p 26379 sentinel get-master-addr-by-name baraza 2>/dev/null | head -n 1)
    case $known in *.redis-nodes) leader=$known && break ;; esac
done

cp /etc/redis/redis.conf /data/redis.conf
echo "replica-announce-ip $me" >>/data/redis.conf
[ "$leader" = "$me" ] || echo "replicaof $leader 6379" >>/data/redis.conf

cp /etc/redis/sentinel.conf /data/sentinel.conf
cat >>/data/sentinel.conf <<EOF
requirepass $PASSWORD
sentinel sentinel-pass $PASSWORD
sentinel announce-ip $me
sentinel monitor baraza $leader 6379 2
sentinel auth-pass baraza $PASSWORD
sentinel down-after-milliseconds baraza 5000
sentinel failover-timeout baraza 30000
EOF
until getent hosts "$leader" >/dev/null; do sleep 1; done
