(function(){
"use strict";
/* Tooltips: the titles that every mark has anyway, shown at once. */
var tip=document.createElement("div");tip.className="tip";tip.hidden=true;tip.setAttribute("aria-hidden","true");document.body.appendChild(tip);
document.querySelectorAll("svg title").forEach(function(title){
  var mark=title.parentNode;
  if(mark.classList.contains("levels")){title.remove();return;}
  mark.dataset.tip=title.textContent;
  if(!mark.hasAttribute("aria-label"))mark.setAttribute("aria-label",title.textContent);
  title.remove();
});
document.addEventListener("pointermove",function(event){
  var mark=event.target.closest?event.target.closest("[data-tip]"):null;
  if(!mark){tip.hidden=true;return;}
  tip.textContent=mark.dataset.tip;tip.hidden=false;
  var box=tip.getBoundingClientRect();
  tip.style.left=Math.max(6,Math.min(event.clientX+14,innerWidth-box.width-8))+"px";
  tip.style.top=(event.clientY+18+box.height>innerHeight?event.clientY-box.height-10:event.clientY+18)+"px";
});
addEventListener("scroll",function(){tip.hidden=true;},{passive:true});
/* Sorting: by data-value where a cell has one, else by its text. */
document.querySelectorAll("table.sortable").forEach(function(table){
  var heads=Array.from(table.tHead.rows[0].cells);
  heads.forEach(function(head,column){
    if(head.dataset.sort==="no")return;
    head.setAttribute("aria-sort","none");
    var button=document.createElement("button");button.type="button";
    while(head.firstChild)button.appendChild(head.firstChild);
    head.appendChild(button);
    button.addEventListener("click",function(){
      var up=head.getAttribute("aria-sort")!=="ascending";
      heads.forEach(function(h){if(h.hasAttribute("aria-sort"))h.setAttribute("aria-sort","none");});
      head.setAttribute("aria-sort",up?"ascending":"descending");
      var body=table.tBodies[0];
      var key=function(row){var cell=row.cells[column];var value=cell.dataset.value;return value===undefined?cell.textContent.trim():value===""?-Number.MAX_VALUE:Number(value);};
      Array.from(body.rows).map(function(row){return [key(row),row];}).sort(function(a,b){
        var order=typeof a[0]==="number"?a[0]-b[0]:a[0].localeCompare(b[0],undefined,{numeric:true});
        return up?order:-order;
      }).forEach(function(pair){body.appendChild(pair[1]);});
    });
  });
});
document.querySelectorAll("table.filterable").forEach(function(table){
  if(table.tBodies[0].rows.length<8)return;
  var input=document.createElement("input");input.type="search";input.className="filter";input.placeholder="Filter rows";input.setAttribute("aria-label","Filter rows");
  table.closest(".wide").before(input);
  input.addEventListener("input",function(){
    var wanted=input.value.toLowerCase();
    Array.from(table.tBodies[0].rows).forEach(function(row){row.hidden=row.textContent.toLowerCase().indexOf(wanted)<0;});
  });
});
/* A picture that is clicked is shown large; a click or Escape closes it. */
var large=document.createElement("dialog");large.className="large";document.body.appendChild(large);
large.addEventListener("click",function(){large.close();});
document.querySelectorAll(".panels img,.side img,.gallery img").forEach(function(img){
  img.addEventListener("click",function(){
    var words=img.closest("figure"),caption=words&&words.querySelector("figcaption");
    large.replaceChildren(img.cloneNode());
    if(caption){var p=document.createElement("p");p.textContent=caption.innerText.replace(/\n+/g," · ");large.appendChild(p);}
    large.showModal();
  });
});
/* A section that is asked for is open; so are all on paper. */
var opened=function(){
  var target=location.hash.length>1?document.getElementById(decodeURIComponent(location.hash.slice(1))):null;
  var fold=target&&(target.querySelector(":scope>details.folded")||target.closest("details"));
  if(fold)fold.open=true;
};
addEventListener("hashchange",opened);opened();
document.querySelectorAll("a[href^='#']").forEach(function(a){a.addEventListener("click",function(){setTimeout(opened,0);});});
addEventListener("beforeprint",function(){document.querySelectorAll("details:not([open])").forEach(function(d){d.open=true;d.dataset.paper="";});});
addEventListener("afterprint",function(){document.querySelectorAll("details[data-paper]").forEach(function(d){d.open=false;delete d.dataset.paper;});});
/* Contents: where the reader is. */
var links={};document.querySelectorAll(".contents a").forEach(function(a){links[a.getAttribute("href").slice(1)]=a;});
if("IntersectionObserver" in window){
  var watch=new IntersectionObserver(function(entries){entries.forEach(function(entry){
    if(entry.isIntersecting){Object.values(links).forEach(function(a){a.classList.remove("here");});links[entry.target.id].classList.add("here");}
  });},{rootMargin:"-10% 0px -80% 0px"});
  document.querySelectorAll("main section").forEach(function(s){watch.observe(s);});
}
})();
