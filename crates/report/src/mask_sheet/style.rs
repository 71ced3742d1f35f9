//! The report's style, and what this page adds.

pub(super) const ALL: &str = include_str!("../page/style.css");
pub(super) const OWN: &str = "
main{max-width:1180px;margin:0 auto;padding:0 20px}
.gallery.masked{grid-template-columns:repeat(auto-fill,minmax(min(100%,170px),1fr));gap:14px}
.finding .gallery.masked{grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr))}
h1{margin-bottom:12px}
@media (max-width:720px){main{padding:0 16px}.gallery.masked{grid-template-columns:1fr 1fr;gap:12px}}
";
