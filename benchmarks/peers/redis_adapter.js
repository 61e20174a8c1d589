// Storage of node-oidc-provider in Redis. A model that may be used once is a hash, so that to
// consume it is one command; the others are a string. Indexes point to the model's key.
export function adapterOver(redis) {
  const usedOnce = new Set(["AuthorizationCode", "RefreshToken", "DeviceCode"]);

  return class RedisAdapter {
    constructor(model) {
      this.model = model;
      this.once = usedOnce.has(model);
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const batch = redis.multi();
      if (this.once) {
        batch.hset(key, "payload", JSON.stringify(payload));
        if (expiresIn) batch.expire(key, expiresIn);
      } else if (expiresIn) {
        batch.set(key, JSON.stringify(payload), "EX", expiresIn);
      } else {
        batch.set(key, JSON.stringify(payload));
      }
      if (payload.grantId && this.model !== "Session") {
        const index = `grant:${payload.grantId}`;
        batch.rpush(index, key);
        if (expiresIn) batch.expire(index, expiresIn, "GT");
      }
      if (payload.userCode) batch.set(`user_code:${payload.userCode}`, id, "EX", expiresIn);
      if (payload.uid) batch.set(`uid:${payload.uid}`, id, "EX", expiresIn);
      await batch.exec();
    }

    async find(id) {
      if (!this.once) {
        const text = await redis.get(this.key(id));
        return text ? JSON.parse(text) : undefined;
      }
      const [text, consumed] = await redis.hmget(this.key(id), "payload", "consumed");
      if (!text) return undefined;
      const payload = JSON.parse(text);
      return consumed ? { ...payload, consumed: Number(consumed) } : payload;
    }

    async findByUid(uid) {
      const id = await redis.get(`uid:${uid}`);
      return id ? this.find(id) : undefined;
    }

    async findByUserCode(userCode) {
      const id = await redis.get(`user_code:${userCode}`);
      return id ? this.find(id) : undefined;
    }

    async consume(id) {
      await redis.hset(this.key(id), "consumed", Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grantId) {
      const index = `grant:${grantId}`;
      const keys = await redis.lrange(index, 0, -1);
      await redis.del(index, ...keys);
    }
  };
}
