# The deliberate slowdown: every message is parsed twice. As sed and not as a diff, so that it outlives changes around it.
s/^int sip_msg_parse(/int sip_msg_parse_once(/
$a\
\
int sip_msg_parse(\
    struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing, struct sip_err *err)\
{\
	(void)!sip_msg_parse_once(m, buf, len, framing, err);\
	__asm__ volatile("" : : "r"(m) : "memory");\
	return sip_msg_parse_once(m, buf, len, framing, err);\
}
